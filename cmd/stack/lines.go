package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/stackfile/stack"
)

// lineFlags say how lines of output look.
type lineFlags struct{ noColor, noPrefix, timestamps bool }

func (f *lineFlags) add(fs *pflag.FlagSet) {
	fs.BoolVar(&f.noColor, "no-color", false, "do not color the prefixes")
	fs.BoolVar(&f.noPrefix, "no-log-prefix", false, "do not begin lines with the container's name")
}

// printer writes the output of several containers, each line with a prefix in
// its container's color.
type printer struct {
	program *program
	project string
	flags   lineFlags
	color   bool
	// mutex guards what follows: exits and lines may be told by different
	// goroutines.
	mutex sync.Mutex
	width int
	codes map[string]string // container -> color
}

// rainbow are docker compose's colors, in its order.
var rainbow = []string{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}

func (p *program) printer(project string, flags lineFlags) *printer {
	return &printer{
		program: p, project: project, flags: flags, codes: map[string]string{},
		color: !flags.noColor && p.color(p.Stdout),
	}
}

// expect widens the prefixes for a container in advance.
func (r *printer) expect(container, service string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.width = max(r.width, len(r.short(container, service)))
}

// line writes one line, to standard error when the program wrote it there.
func (r *printer) line(l stack.Line) {
	w := r.program.Stdout
	if l.Stderr {
		w = r.program.Stderr
	}
	text := r.prefix(l.Container, l.Service) + l.Text + "\n"
	if r.program.view != nil {
		r.program.view.Print(w, text)
		return
	}
	_, _ = fmt.Fprint(w, text)
}

func (r *printer) prefix(container, service string) string {
	if r.flags.noPrefix {
		return ""
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	name := r.short(container, service)
	r.width = max(r.width, len(name))
	text := fmt.Sprintf("%-*s | ", r.width+1, name)
	if !r.color {
		return text
	}
	code, ok := r.codes[name]
	if !ok {
		code = rainbow[len(r.codes)%len(rainbow)]
		r.codes[name] = code
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// short is a container's name without the project's, as docker compose prints
// it, and without what marks it as being on its way into place. A name that the
// file has chosen stays whole.
func (r *printer) short(container, service string) string {
	name := strings.TrimSuffix(container, ".new")
	for _, joint := range []string{"-", "_"} { // the second with --compatibility
		number, ok := strings.CutPrefix(name, r.project+joint+service+joint)
		if _, err := strconv.Atoi(number); ok && err == nil {
			return service + joint + number
		}
	}
	return name
}

func (r *printer) exit(x stack.Exit) string {
	return fmt.Sprintf("%s exited with code %d\n", r.short(x.Container, x.Service), x.Code)
}
