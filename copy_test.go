package stack_test

import (
	"archive/tar"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
)

// crafted is a container whose folder /x is an archive of the test's choice.
type crafted []tar.Header

func (crafted) StatPath(context.Context, string, string) (engine.PathStat, error) {
	return engine.PathStat{Name: "x", Mode: fs.ModeDir | 0o755}, nil
}

func (c crafted) GetArchive(_ context.Context, _, _ string, to io.Writer) error {
	archive := tar.NewWriter(to)
	for _, h := range c {
		if err := archive.WriteHeader(&h); err != nil {
			return err
		}
		if _, err := archive.Write(make([]byte, h.Size)); err != nil {
			return err
		}
	}
	return archive.Close()
}

func (crafted) ExportContainer(context.Context, string, io.Writer) error  { return nil }
func (crafted) PutOwned(context.Context, string, string, io.Reader) error { return nil }
func (c crafted) from(t *testing.T, target string) (left []string, err error) {
	t.Helper()
	return stack.CopyFrom(t.Context(), c, engine.Container{Name: "app-web-1"}, "/x", target, stack.CopyOptions{})
}

func TestACopyStaysBelowItsTarget(t *testing.T) {
	for name, c := range map[string]crafted{
		"by dots":      {{Name: "x/../../evil", Typeflag: tar.TypeReg, Mode: 0o600}},
		"by a link":    {{Name: "x/", Typeflag: tar.TypeDir, Mode: 0o755}, {Name: "x/out", Typeflag: tar.TypeSymlink, Linkname: "../.."}, {Name: "x/out/evil", Typeflag: tar.TypeReg, Mode: 0o600}},
		"by hard link": {{Name: "x/evil", Typeflag: tar.TypeLink, Linkname: "../../../etc/passwd"}},
		"as absolute":  {{Name: "/evil", Typeflag: tar.TypeReg, Mode: 0o600}},
	} {
		top := t.TempDir()
		into := filepath.Join(top, "in")
		if err := os.Mkdir(into, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := c.from(t, filepath.Join(into, "new"))
		for _, file := range []string{filepath.Join(top, "evil"), filepath.Join(into, "evil"), "/evil", filepath.Join(into, "new", "evil", "passwd")} {
			if _, found := os.Lstat(file); found == nil {
				t.Errorf("%s: %s is there (error %v)", name, file, err)
			}
		}
	}
}

func TestACopyKeepsModesAndLinksAndNamesWhatItLeaves(t *testing.T) {
	into := filepath.Join(t.TempDir(), "new")
	left, err := crafted{
		{Name: "x/", Typeflag: tar.TypeDir, Mode: 0o555},
		{Name: "x/a", Typeflag: tar.TypeReg, Mode: 0o4755, Size: 3},
		{Name: "x/b", Typeflag: tar.TypeLink, Linkname: "x/a"},
		{Name: "x/c", Typeflag: tar.TypeSymlink, Linkname: "/a"},
		{Name: "x/pipe", Typeflag: tar.TypeFifo, Mode: 0o600},
		{Name: "x/null", Typeflag: tar.TypeChar, Mode: 0o666},
	}.from(t, into)
	t.Cleanup(func() { _ = os.Chmod(into, 0o755) }) // so that it can go
	if err != nil || !slices.Equal(left, []string{"new/pipe", "new/null"}) {
		t.Fatalf("left %q, %v", left, err)
	}
	folder, _ := os.Stat(into)
	a, errA := os.Stat(filepath.Join(into, "a"))
	b, errB := os.Stat(filepath.Join(into, "b"))
	if errA != nil || errB != nil || !os.SameFile(a, b) || a.Size() != 3 || a.Mode() != 0o755|fs.ModeSetuid || folder.Mode() != 0o555|fs.ModeDir {
		t.Errorf("folder %v, a %v %v, b %v %v", folder, a, errA, b, errB)
	}
	if link, err := os.Readlink(filepath.Join(into, "c")); err != nil || link != "/a" {
		t.Errorf("the link leads to %q, %v", link, err)
	}
}
