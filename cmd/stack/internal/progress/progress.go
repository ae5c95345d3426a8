// Package progress shows a plan being carried out: as a live tree in a
// terminal, as one line for each event, as JSON, or not at all. It writes to
// the writers it is given, and it never decides anything.
package progress

import (
	"fmt"
	"io"
	"time"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// A View shows one run of a command. Its methods may be called from several
// goroutines; the events of one plan come in order.
type View interface {
	// Plan begins a plan.
	Plan(p *plan.Plan)
	// Event shows what happened to an action of the plan.
	Event(e reconciler.Event)
	// Print writes text of something else, whole lines, without disturbing
	// the view: a line of a log, a warning.
	Print(w io.Writer, text string)
	// Note tells something beside the plan; kind is warning, note or error.
	Note(kind, text string)
	// End tells how it ended.
	End(s Summary)
	// Close ends the view. Nothing comes after it, and closing twice is fine.
	Close()
}

// A Summary is what there is at the end of a command that went well.
type Summary struct {
	Services  []Service `json:"services,omitempty"`
	Addresses []Address `json:"addresses,omitempty"`
	Text      string    `json:"text"` // such as "ready"
	Elapsed   float64   `json:"elapsed_seconds"`
	// Timings say where the time went; nil when nobody asked.
	Timings *reconciler.Timings `json:"timings,omitempty"`
}

// A Service is one service of a summary.
type Service struct {
	Name     string `json:"name"`
	Status   string `json:"status"` // running, healthy, completed, ...
	Replicas int    `json:"replicas"`
}

// An Address is where a service can be reached from outside.
type Address struct {
	URL     string `json:"url"`
	Service string `json:"service"`
	Port    string `json:"port"` // inside the container, such as 80 or 53/udp
}

// Mode is a kind of view.
type Mode string

// The modes.
const (
	TTY   Mode = "tty"
	Plain Mode = "plain"
	JSON  Mode = "json"
	Quiet Mode = "quiet"
)

// Options of New.
type Options struct {
	Out   io.Writer
	Color bool
	Size  func() (width, height int) // of the terminal, for TTY
	Now   func() time.Time
	// Skip says which kinds of operation are not worth a line while they go
	// well, such as PullImage; nil: none.
	Skip func(kind string) bool
}

// New returns a view.
func New(mode Mode, opts Options) (View, error) {
	if opts.Skip == nil {
		opts.Skip = func(string) bool { return false }
	}
	switch mode {
	case TTY:
		return startTree(opts), nil
	case Plain:
		return &plainView{opts: opts, said: map[string]string{}}, nil
	case JSON:
		return &jsonView{out: opts.Out}, nil
	case Quiet:
		return &quietView{out: opts.Out}, nil
	}
	return nil, fmt.Errorf("progress %q: want auto, tty, plain, json or quiet", mode)
}

// Seconds is a duration as views print it.
func Seconds(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}
