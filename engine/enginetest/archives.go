package enginetest

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"

	"github.com/stackfile/stack/engine"
)

func archives() map[string]func(*suite) {
	return map[string]func(*suite){
		"PutArchive":         putArchive,
		"PutArchiveNowhere":  putNowhere,
		"PutArchiveReadOnly": putReadOnly,
	}
}

// archive is a tar archive of plain files, each with its name as content.
func (s *suite) archive(names ...string) io.Reader {
	s.Helper()
	var out bytes.Buffer
	to := tar.NewWriter(&out)
	for _, name := range names {
		if err := to.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(name))}); err != nil {
			s.Fatal(err)
		}
		if _, err := io.WriteString(to, name); err != nil {
			s.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		s.Fatal(err)
	}
	return &out
}

// putArchive: files come to be in folders that were not there, over files that
// were, before the start and after it.
func putArchive(s *suite) {
	name := s.create("web", s.definition())
	for _, files := range [][]string{{"a", "new/b"}, {"a", "new/c"}} {
		if err := s.PutArchive(s.ctx, name, "/", s.archive(files...)); err != nil {
			s.Fatal(err)
		}
		s.ok(engine.StartContainer{Name: name})
	}
	for _, file := range []string{"a", "new/b", "new/c"} {
		if code, out, text := s.exec(name, "cat", "/"+file); code != 0 || out != file {
			s.Errorf("cat /%s: %d, %q, %q", file, code, out, text)
		}
	}
}

func putNowhere(s *suite) {
	if err := s.PutArchive(s.ctx, s.project+"-none", "/", s.archive("a")); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("into none: %v", err)
	}
}

func putReadOnly(s *suite) {
	c := s.definition()
	c.ReadOnly = true
	if err := s.PutArchive(s.ctx, s.start("web", c), "/", s.archive("a")); err == nil {
		s.Error("into a read-only file system: no error")
	}
}
