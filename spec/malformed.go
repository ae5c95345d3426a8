package spec

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

var yamlLine = pattern(`^(?:yaml: )?(?:line (\d+): )?`)

// syntaxFinding says where YAML itself is malformed. The library knows the line
// at best, and often that of what is around; the line after the longest part
// that is well-formed is closer.
func syntaxFinding(src *source, err error) Finding {
	text := err.Error()
	match := yamlLine().FindStringSubmatch(text)
	lines := strings.SplitAfter(string(src.text), "\n")
	line, ok := firstBadLine(lines)
	if !ok {
		line, _ = strconv.Atoi(match[1])
	}
	line = min(max(line, 1), len(lines))
	row := lines[line-1]
	column := 1 + len(row) - len(strings.TrimLeft(row, " \t"))
	hint := ""
	if tab := strings.IndexByte(row[:column-1], '\t'); tab >= 0 {
		column, hint = tab+1, "indent with spaces: YAML allows no tabs there"
	}
	return place{src, line, column}.finding("", "not valid YAML: "+strings.TrimPrefix(text, match[0]), hint)
}

// maxTries is how many parts of a malformed file are tried: each is a parse.
const maxTries = 100

// firstBadLine is the number of the line after the longest run of lines, from
// the first on, that parses. It looks backwards from where the parser stopped
// reading, and gives up after a while.
func firstBadLine(lines []string) (int, bool) {
	reader := &lineReader{lines: lines}
	wellFormed(reader)
	for good := reader.next; good >= 0 && good > reader.next-maxTries; good-- {
		if !wellFormed(strings.NewReader(strings.Join(lines[:good], ""))) {
			continue
		}
		for good < len(lines)-1 && strings.TrimSpace(lines[good]) == "" {
			good++
		}
		return good + 1, true
	}
	return 0, false
}

func wellFormed(r io.Reader) bool {
	decoder := yaml.NewDecoder(r)
	for {
		var doc yaml.Node
		if err := decoder.Decode(&doc); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// A lineReader hands out one line at a time, and so knows how far a parser got.
type lineReader struct {
	lines []string
	next  int
	rest  string
}

func (r *lineReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.next == len(r.lines) {
			return 0, io.EOF
		}
		r.rest = r.lines[r.next]
		r.next++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
