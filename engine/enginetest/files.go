package enginetest

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/stackfile/stack/engine"
)

func files() map[string]func(*suite) {
	return map[string]func(*suite){
		"StatPath":        statPath,
		"GetArchive":      getArchive,
		"PutOwned":        putOwned,
		"ExportContainer": exportContainer,
		"FilesOfNone":     filesOfNone,
	}
}

// filled is a container that was never started and has some files.
func (s *suite) filled() string {
	s.Helper()
	name := s.create("web", s.definition())
	if err := s.PutArchive(s.ctx, name, "/", s.archive("new/a", "new/in/b")); err != nil {
		s.Fatal(err)
	}
	return name
}

// entries are the plain files in a tar archive: their names and what is in them.
func (s *suite) entries(archive io.Reader) (out map[string]string, owners map[string]int) {
	s.Helper()
	out, owners = map[string]string{}, map[string]int{}
	for from := tar.NewReader(archive); ; {
		h, err := from.Next()
		if errors.Is(err, io.EOF) {
			return out, owners
		}
		if err != nil {
			s.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(from)
		if err != nil {
			s.Fatal(err)
		}
		out[h.Name], owners[h.Name] = string(text), h.Uid
	}
}

func statPath(s *suite) {
	name := s.filled()
	folder, err := s.StatPath(s.ctx, name, "/new/in")
	if err != nil || folder.Name != "in" || !folder.Mode.IsDir() {
		s.Errorf("the folder: %+v, %v", folder, err)
	}
	file, err := s.StatPath(s.ctx, name, "/new/a")
	if err != nil || file.Name != "a" || !file.Mode.IsRegular() || file.Size != int64(len("new/a")) || file.Link != "" {
		s.Errorf("the file: %+v, %v", file, err)
	}
	if _, err := s.StatPath(s.ctx, name, "/new/none"); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("none: %v", err)
	}
}

// getArchive: names begin with the last part of the path, of a folder and of a
// file, while the container runs too.
func getArchive(s *suite) {
	name := s.filled()
	s.ok(engine.StartContainer{Name: name})
	for path, want := range map[string]map[string]string{
		"/new":   {"new/a": "new/a", "new/in/b": "new/in/b"},
		"/new/a": {"a": "new/a"},
	} {
		var out bytes.Buffer
		if err := s.GetArchive(s.ctx, name, path, &out); err != nil {
			s.Fatal(err)
		}
		got, _ := s.entries(&out)
		s.same(path, got, want)
	}
}

func putOwned(s *suite) {
	c := s.definition()
	c.User = "1" // engines ask the machine about it, which has that one
	name := s.create("web", c)
	if err := s.PutOwned(s.ctx, name, "/", s.archive("mine")); err != nil {
		s.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.GetArchive(s.ctx, name, "/mine", &out); err != nil {
		s.Fatal(err)
	}
	if _, owners := s.entries(&out); owners["mine"] != 1 {
		s.Errorf("the owner is %v", owners)
	}
}

func exportContainer(s *suite) {
	var out bytes.Buffer
	if err := s.ExportContainer(s.ctx, s.filled(), &out); err != nil {
		s.Fatal(err)
	}
	if got, _ := s.entries(&out); got["new/a"] != "new/a" || got["new/in/b"] != "new/in/b" {
		s.Errorf("it has %v", got)
	}
}

func filesOfNone(s *suite) {
	name := s.project + "-none"
	_, stat := s.StatPath(s.ctx, name, "/")
	all := []error{
		stat, s.GetArchive(s.ctx, name, "/", io.Discard), s.ExportContainer(s.ctx, name, io.Discard),
		s.PutOwned(s.ctx, name, "/", s.archive("a")),
	}
	if slices.ContainsFunc(all, func(err error) bool { return !errors.Is(err, engine.ErrNotFound) }) {
		s.Errorf("of none: %v", all)
	}
}
