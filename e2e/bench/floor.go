//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

// A call is one request to the engine, or, with Pause, the time that a program
// in a container takes to become ready.
type call struct {
	Method, Path string
	Body         any           `json:",omitempty"`
	Archive      string        `json:",omitempty"` // a file to send in place of Body
	Pause        time.Duration `json:",omitempty"`
}

// A script is all that the floor program does: stages one after the other, in
// each of them chains at once, the calls of a chain one after the other.
type script struct {
	Parallel int
	Stages   [][][]call
}

// floor carries a script out. It decides nothing, and asks for nothing but what
// the script says.
func floor(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var s script
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	e := newEngine(os.Getenv("DOCKER_HOST"))
	for _, chains := range s.Stages {
		if err := s.stage(e, chains); err != nil {
			return err
		}
	}
	return nil
}

func (s script) stage(e *engine, chains [][]call) error {
	turn := make(chan struct{}, s.Parallel)
	over := make(chan error, len(chains))
	for _, chain := range chains {
		go func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			over <- e.chain(chain)
		}()
	}
	var errs []error
	for range chains {
		errs = append(errs, <-over)
	}
	return errors.Join(errs...)
}

func (e *engine) chain(calls []call) error {
	for _, c := range calls {
		if c.Pause > 0 {
			<-time.After(c.Pause)
			continue
		}
		if err := e.send(c); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) send(c call) error {
	body, kind, err := c.body()
	if err != nil {
		return err
	}
	request, err := http.NewRequest(c.Method, "http://engine/v1.41"+c.Path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", kind)
	answer, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 400 || bytes.Contains(text, []byte(`"errorDetail"`)) {
		err = fmt.Errorf("%s %s: %s: %s", c.Method, c.Path, answer.Status, text)
	}
	return err
}

func (c call) body() (io.Reader, string, error) {
	switch {
	case c.Archive != "":
		text, err := os.ReadFile(c.Archive)
		return bytes.NewReader(text), "application/x-tar", err
	case c.Body != nil:
		text, err := json.Marshal(c.Body)
		return bytes.NewReader(text), "application/json", err
	}
	return nil, "application/json", nil
}

// count is how many calls the script has.
func (s script) count() (n int) {
	for _, c := range s.calls() {
		if c.Pause == 0 {
			n++
		}
	}
	return n
}

func (s script) calls() (out []call) {
	for _, chains := range s.Stages {
		for _, chain := range chains {
			out = append(out, chain...)
		}
	}
	return out
}

// text names the calls, those of one kind together.
func (s script) text() string {
	tally := newTally()
	for _, c := range s.calls() {
		if c.Pause == 0 {
			tally.add(c.Method, c.Path)
		}
	}
	return tally.String()
}

// names are the parts of a path that tell objects apart.
var names = regexp.MustCompile(`^/(containers|networks|volumes|images|exec)/(.+?)(/json|/start|/stop|/exec|/rename|/tag|/wait|/resize)?$`)

// A tally counts calls by their kind, in the order of their first.
type tally struct {
	order []string
	n     map[string]int
}

func newTally() *tally { return &tally{n: map[string]int{}} }

func (t *tally) add(method, path string) {
	path, _, _ = strings.Cut(path, "?")
	if path != "/containers/json" && path != "/containers/create" && path != "/networks/create" && path != "/volumes/create" {
		path = names.ReplaceAllString(path, "/$1/*$3")
	}
	kind := method + " " + path
	if t.n[kind] == 0 {
		t.order = append(t.order, kind)
	}
	t.n[kind]++
}

func (t *tally) total() (n int) {
	for _, k := range t.n {
		n += k
	}
	return n
}

func (t *tally) String() string {
	var parts []string
	for _, kind := range t.order {
		if t.n[kind] == 1 {
			parts = append(parts, kind)
			continue
		}
		parts = append(parts, fmt.Sprintf("%d x %s", t.n[kind], kind))
	}
	return strings.Join(parts, ", ")
}
