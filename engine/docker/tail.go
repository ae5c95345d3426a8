package docker

import (
	"bytes"
	"strings"
)

// maxLine bounds a line that is kept: output is not always text.
const maxLine = 4 << 10

// A tail is a writer that keeps the last lines of what is written to it. It is
// for one goroutine.
type tail struct {
	limit int
	each  func(line string) // called for each whole line; nil for none
	lines []string
	part  []byte // a line without its end yet
}

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, found := bytes.Cut(p, []byte("\n"))
		if room := maxLine - len(t.part); room > 0 {
			t.part = append(t.part, line[:min(room, len(line))]...)
		}
		if !found {
			return n, nil
		}
		t.end()
		p = rest
	}
}

func (t *tail) end() {
	line := strings.TrimRight(string(t.part), "\r")
	t.part = t.part[:0]
	t.lines = append(t.lines, line)
	if len(t.lines) > t.limit {
		t.lines = t.lines[1:]
	}
	if t.each != nil {
		t.each(line)
	}
}

// last are the lines, one without its end included.
func (t *tail) last() []string {
	if len(t.part) > 0 {
		t.end()
	}
	return t.lines
}
