package docker

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stackfile/stack/spec"
)

func TestFilesArePackedWithOwnerAndMode(t *testing.T) {
	archive, err := pack(map[string]spec.FileContent{
		"/run/secrets/password": {Content: []byte("hunter2"), UID: 5, GID: 6, Mode: 0o400},
		"/config":               {Content: []byte("a")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %d:%d %s", h.Name, h.Mode, h.Uid, h.Gid, content))
	}
	if want := "config 444 0:0 a; run/secrets/password 400 5:6 hunter2"; strings.Join(got, "; ") != want {
		t.Errorf("got %q", got)
	}
}
