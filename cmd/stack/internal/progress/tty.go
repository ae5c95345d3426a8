package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// treeView redraws one line for each service in place, at most ten times a
// second.
type treeView struct {
	opts Options
	// mutex guards all below: events, logs and the clock come from different
	// goroutines, and each of them moves the cursor.
	mutex  sync.Mutex
	model  *model
	drawn  int // lines on the screen that belong to the tree
	frame  int
	dirty  bool
	closed bool
	stop   chan struct{}
}

// redraw is the pause between two drawings.
const redraw = 100 * time.Millisecond

func startTree(opts Options) *treeView {
	v := &treeView{opts: opts, stop: make(chan struct{})}
	go v.tick()
	return v
}

// tick draws while something goes on. It is a clock because elapsed times move
// without an event.
func (v *treeView) tick() {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-v.stop:
			return
		case <-ticker.C:
			v.mutex.Lock()
			v.draw()
			v.mutex.Unlock()
		}
	}
}

func (v *treeView) Plan(p *plan.Plan) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.finish()
	v.model = newModel(p)
}

func (v *treeView) Event(e reconciler.Event) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if v.model != nil {
		v.model.event(e)
		v.dirty = true
	}
}

// Print takes the tree off the screen for the text, which then stands above it.
func (v *treeView) Print(w io.Writer, text string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.erase()
	_, _ = io.WriteString(w, text)
	if !v.closed {
		v.dirty = true
	}
}

// Note writes a line above the tree.
func (v *treeView) Note(kind, text string) { v.Print(v.opts.Out, kind+": "+text+"\n") }

// End leaves the tree on the screen and writes below it.
func (v *treeView) End(s Summary) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.finish()
	_, _ = io.WriteString(v.opts.Out, s.String())
}

func (v *treeView) Close() {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if v.closed {
		return
	}
	v.closed = true
	close(v.stop)
	v.finish()
}

// finish draws the tree for the last time and leaves it on the screen.
func (v *treeView) finish() {
	if v.model != nil && len(v.model.rows) > 0 {
		v.write(v.model.lines(v.opts.Now()))
	}
	v.model, v.drawn = nil, 0
}

// draw shows the tree as it is now.
func (v *treeView) draw() {
	if v.model == nil || v.closed {
		return
	}
	lines := v.model.lines(v.opts.Now())
	if !v.dirty && !moving(lines) {
		return
	}
	v.dirty = false
	v.frame++
	v.write(v.fit(lines))
}

func moving(lines []line) bool {
	for _, l := range lines {
		if l.mood == active {
			return true
		}
	}
	return false
}

// erase takes the tree off the screen.
func (v *treeView) erase() {
	if v.drawn > 0 {
		_, _ = fmt.Fprintf(v.opts.Out, "\x1b[%dA\r\x1b[J", v.drawn)
		v.drawn = 0
	}
}

// fit leaves out what has ended well, and then what waits, when the screen is
// too low: what scrolls away cannot be drawn again.
func (v *treeView) fit(lines []line) []line {
	_, height := v.opts.Size()
	room := height - 2
	for _, m := range []mood{good, pending, active} {
		for i := 0; i < len(lines) && len(lines) > room; {
			if lines[i].mood == m {
				lines = append(lines[:i:i], lines[i+1:]...)
			} else {
				i++
			}
		}
	}
	return lines[:min(len(lines), max(room, 1))]
}

// write draws lines over those that are there, all in one call and without
// clearing first, so that the screen does not flicker.
func (v *treeView) write(lines []line) {
	width, _ := v.opts.Size()
	names := 0
	for _, l := range lines {
		names = max(names, utf8.RuneCountInString(l.name))
	}
	var b strings.Builder
	if v.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", v.drawn)
	}
	for _, l := range lines {
		b.WriteString(v.format(l, names, min(width, 100)) + "\x1b[K\n")
	}
	_, _ = io.WriteString(v.opts.Out, b.String()+"\x1b[J")
	v.drawn = len(lines)
}

// format is one line, no wider than the terminal: " * name  text    1.2s".
func (v *treeView) format(l line, names, width int) string {
	elapsed := ""
	if l.elapsed > 0 {
		elapsed = Seconds(l.elapsed)
	}
	room := width - len(" * ") - names - len("  ") - len(" ") - max(len(elapsed), 6) - 1
	text := pad(cut(l.text, room), room)
	head := fmt.Sprintf(" %s %s  ", v.icon(l.mood), pad(l.name, names))
	if room < 8 { // too narrow for columns
		return cut(fmt.Sprintf(" %s %s", l.name, l.text), width-1)
	}
	return head + v.paint(l.mood, text) + " " + fmt.Sprintf("%6s", elapsed)
}

// The icons of the moods. The active one turns.
var (
	icons   = map[mood]string{pending: "\u00b7", good: "\u2714", bad: "\u2718"}
	spinner = []rune("\u280b\u2819\u2839\u2838\u283c\u2834\u2826\u2827\u2807\u280f")
)

func (v *treeView) icon(m mood) string {
	if m == active {
		return v.paint(m, string(spinner[v.frame%len(spinner)]))
	}
	return v.paint(m, icons[m])
}

// colors are the codes of the moods.
var colors = map[mood]string{pending: "2", active: "36", good: "32", bad: "31"}

func (v *treeView) paint(m mood, text string) string {
	if !v.opts.Color {
		return text
	}
	return "\x1b[" + colors[m] + "m" + text + "\x1b[0m"
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// cut shortens text to width. Control characters, which could move the cursor,
// become blanks.
func cut(text string, width int) string {
	runes := []rune(strings.Map(visible, text))
	if len(runes) <= width {
		return string(runes)
	}
	return string(runes[:max(0, width-3)]) + "..."
}

func visible(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}
