package docker

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// A process is a folder like one in /proc, with a root that has a bound file:
// a hard link is what a bind mount is to the inode.
func process(t *testing.T, group string) (dir, source string, c container.InspectResponse) {
	t.Helper()
	dir = t.TempDir()
	source = filepath.Join(dir, "source")
	write(t, source, "first")
	write(t, filepath.Join(dir, "cgroup"), group)
	if err := os.MkdirAll(filepath.Join(dir, "root", "etc"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(source, filepath.Join(dir, "root", "etc", "app.conf")); err != nil {
		t.Fatal(err)
	}
	c = container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{ID: "0123abcd"},
		Mounts: []container.MountPoint{
			{Type: mount.TypeBind, Source: source, Destination: "/etc/app.conf"},
			{Type: mount.TypeBind, Source: dir, Destination: "/etc"},
		},
	}
	return dir, source, c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// save writes a file as an editor does, which makes another file of the name.
func save(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+"~", text)
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

func TestAReplacedFileIsStale(t *testing.T) {
	const group = "9:memory:/docker/0123abcd\n"
	target := []string{"/etc/app.conf"}
	for name, c := range map[string]struct {
		group string
		do    func(t *testing.T, dir, source string)
		want  []string
	}{
		"untouched":         {group, func(*testing.T, string, string) {}, nil},
		"written in place":  {group, func(t *testing.T, _, source string) { write(t, source, "second") }, nil},
		"saved":             {group, func(t *testing.T, _, source string) { save(t, source, "other") }, target},
		"saved, longer":     {group, func(t *testing.T, _, source string) { save(t, source, "longer than before") }, target},
		"saved as it was":   {group, func(t *testing.T, _, source string) { save(t, source, "first") }, nil},
		"removed":           {group, func(t *testing.T, _, source string) { remove(t, source) }, nil},
		"another container": {"9:memory:/docker/ffff\n", func(t *testing.T, _, source string) { save(t, source, "other") }, nil},
		"a link out of the container": {group, func(t *testing.T, dir, source string) {
			save(t, source, "other")
			remove(t, filepath.Join(dir, "root", "etc", "app.conf"))
			if err := os.Symlink("/etc/hostname", filepath.Join(dir, "root", "etc", "app.conf")); err != nil {
				t.Fatal(err)
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir, source, found := process(t, c.group)
			c.do(t, dir, source)
			if got := staleIn(dir, found); !slices.Equal(got, c.want) {
				t.Errorf("stale: %q, want %q", got, c.want)
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestContentIsComparedToItsEnd(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 5000)
	for _, c := range []struct {
		a, b string
		same bool
	}{{"", "", true}, {long, long, true}, {long, long[:len(long)-1] + "x", false}, {long, long + "x", false}} {
		if same, err := sameBytes(strings.NewReader(c.a), strings.NewReader(c.b)); err != nil || same != c.same {
			t.Errorf("%d and %d bytes: %t, %v", len(c.a), len(c.b), same, err)
		}
	}
}
