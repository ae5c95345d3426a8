package remote_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	image "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/stackfile/stack/remote"
)

// A store is a registry that can be written to. refuses is a text that no manifest
// may have.
type store struct {
	*httptest.Server
	held    map[string][]byte // by the last part of the path
	refuses string
}

func newStore(t *testing.T, refuses string) *store {
	t.Helper()
	s := &store{held: map[string][]byte{}, refuses: refuses}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *store) name(tag string) string {
	return strings.TrimPrefix(s.URL, "http://") + "/me/shop:" + tag
}

func (s *store) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	last := q.URL.Path[strings.LastIndexByte(q.URL.Path, '/')+1:]
	switch q.Method {
	case http.MethodPost:
		w.Header().Set("Location", s.URL+"/v2/me/shop/blobs/uploads/one")
		w.WriteHeader(http.StatusAccepted)
	case http.MethodPut:
		s.put(w, q, last)
	default:
		text, ok := s.held[last]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if strings.Contains(q.URL.Path, "/manifests/") {
			w.Header().Set("Content-Type", image.MediaTypeImageManifest)
			w.Header().Set("Docker-Content-Digest", string(digest.FromBytes(text)))
		}
		_, _ = w.Write(text) // who has gone reads nothing
	}
}

func (s *store) put(w http.ResponseWriter, q *http.Request, last string) {
	text, err := io.ReadAll(q.Body)
	manifest := strings.Contains(q.URL.Path, "/manifests/")
	if err != nil || manifest && s.refuses != "" && strings.Contains(string(text), s.refuses) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	sum := string(digest.FromBytes(text))
	if s.held[sum] = text; manifest {
		s.held[last] = text
	}
	w.Header().Set("Docker-Content-Digest", sum)
	w.WriteHeader(http.StatusCreated)
}

var shop = remote.Application{
	Files:    []remote.File{{Name: "compose.yaml", Text: []byte("services: {}")}, {Name: "image-digests.yaml", Text: []byte("more")}},
	EnvFiles: map[string][]byte{"1f.env": []byte("A=1")}, Created: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
}

func TestWhatIsPublishedIsFetchedAgain(t *testing.T) {
	for _, version := range []string{"", "1.0", "1.1"} {
		s, a := newStore(t, ""), shop
		a.OCI = version
		sum, err := (&remote.Store{}).Publish(t.Context(), "oci://"+s.name("1"), a)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"compose.yaml": "services: {}\n---\nmore", "1f.env": "A=1"}
		if got := fetched(t, &remote.Store{Dir: t.TempDir()}, "oci://"+s.name("1")); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("version %q: got %q, want %q", version, got, want)
		}
		var m image.Manifest
		if err := json.Unmarshal(s.held[sum], &m); err != nil {
			t.Fatal(err)
		}
		if (m.ArtifactType == "") != (version == "1.0") || (m.Config.MediaType == image.MediaTypeEmptyJSON) != (version != "1.0") {
			t.Errorf("version %q: type %q, config %q", version, m.ArtifactType, m.Config.MediaType)
		}
		if got, err := (&remote.Store{}).Digest(t.Context(), s.name("1")); err != nil || got != sum {
			t.Errorf("its digest is %q, %v; want %q", got, err, sum)
		}
	}
}

// TestImagesAreCopiedIntoTheRepository: an index, one platform's manifest in it, and
// their parts, by digest only.
func TestImagesAreCopiedIntoTheRepository(t *testing.T) {
	from, to := newStore(t, ""), newStore(t, "")
	layer, config := []byte("a layer"), []byte(`{"os":"linux"}`)
	inner := manifest(t, image.Manifest{MediaType: image.MediaTypeImageManifest, Config: from.hold(config), Layers: []image.Descriptor{from.hold(layer)}})
	from.held["1"] = inner
	from.hold(inner)
	sum, err := (&remote.Store{}).Publish(t.Context(), to.name("1"), shop)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&remote.Store{}).PublishImages(t.Context(), to.name("1"), sum, []string{from.name("1")}); err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{layer, config, inner} {
		if got := to.held[string(digest.FromBytes(part))]; string(got) != string(part) {
			t.Errorf("%q is not there", part)
		}
	}
	if got := string(digest.FromBytes(to.held["1"])); got != sum {
		t.Errorf("the tag means %s now, and the application is %s", got, sum)
	}
	refers := 0
	for _, text := range to.held {
		var index image.Index
		if json.Unmarshal(text, &index) == nil && index.Subject != nil && string(index.Subject.Digest) == sum && len(index.Manifests) == 1 {
			refers++
		}
	}
	if refers == 0 {
		t.Error("no index of the images refers to the application")
	}
	if err := (&remote.Store{}).PublishImages(t.Context(), to.name("1"), string(digest.FromString("x")), nil); err == nil {
		t.Error("an application that is another one by now: no error")
	}
}

func (s *store) hold(text []byte) image.Descriptor {
	sum := digest.FromBytes(text)
	s.held[string(sum)] = text
	return image.Descriptor{MediaType: "application/octet-stream", Digest: sum, Size: int64(len(text))}
}

func manifest(t *testing.T, m image.Manifest) []byte {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAnOldRegistryGetsTheOldForm(t *testing.T) {
	s := newStore(t, "artifactType")
	if _, err := (&remote.Store{}).Publish(t.Context(), s.name("1"), shop); err != nil {
		t.Error(err)
	}
	a := shop
	a.OCI = "1.1"
	if _, err := (&remote.Store{}).Publish(t.Context(), s.name("2"), a); err == nil || s.held["2"] != nil {
		t.Errorf("what was asked for is refused: %v", err)
	}
}

func TestANameThatCannotBePublishedIsAnError(t *testing.T) {
	for _, name := range []string{"", "oci://", "A B", "h/x@sha256:" + strings.Repeat("0", 64)} {
		if _, err := (&remote.Store{}).Publish(t.Context(), name, shop); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}
