package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Options of New. The zero value waits for 40 ms without a change, and for a
// second at most.
type Options struct {
	Quiet   time.Duration // without a change, after which changes are told; 0: 40 ms
	Longest time.Duration // after the first change, when they are told in any case; 0: 1 s
}

// A Change is a file that is not as it was.
type Change struct {
	Path  string // absolute
	Rules []int  // that mean it, by their place among those of New
	Gone  bool   // it is there no more; what was below it is told of by itself
	Dir   bool   // it is, or was, a folder
}

// A Watcher tells of changes. Next may be called from one goroutine at a time.
type Watcher struct {
	opts  Options
	rules []*matcher
	files *fsnotify.Watcher
	tree  tree

	// mutex guards dirty and lost, which the events mark while Next works.
	mutex sync.Mutex
	dirty map[string]bool
	lost  bool          // events were, so that all has to be looked at
	woken chan struct{} // has room for one: something is dirty
	ended chan struct{} // no events come any more
}

// New begins to watch: no change after its return is missed. A rule whose path
// is not there is an error. Close the watcher when it is no longer needed.
func New(rules []Rule, opts Options) (*Watcher, error) {
	files, err := fsnotify.NewBufferedWatcher(1024)
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", explained(err))
	}
	w := &Watcher{
		opts: opts, files: files, tree: tree{}, dirty: map[string]bool{},
		woken: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	if err := w.begin(rules); err != nil {
		_ = files.Close() // nothing was written
		return nil, err
	}
	go w.collect()
	return w, nil
}

func (w *Watcher) begin(rules []Rule) error {
	for _, rule := range rules {
		m, err := newMatcher(rule)
		if err != nil {
			return err
		}
		w.rules = append(w.rules, m)
	}
	for _, rule := range rules {
		if err := w.visit(rule.Path, found{}); err != nil {
			return err
		}
		if err := w.watchParent(rule.Path); err != nil {
			return err
		}
	}
	return nil
}

// watchParent watches the folder that a rule's path is in: only that tells when
// a file, as editors do it, or a folder is replaced by another one.
func (w *Watcher) watchParent(path string) error {
	err := w.add(filepath.Dir(path))
	if w.tree[path].dir() && errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func (w *Watcher) add(dir string) error {
	if err := w.files.Add(dir); err != nil {
		return fmt.Errorf("watch %s: %w", dir, explained(err))
	}
	return nil
}

// ErrLimit says that the system lets nobody watch more folders.
var ErrLimit = errors.New("the system's limit of watched folders is reached")

func explained(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("%w: %w", ErrLimit, err)
	}
	return err
}

// Close ends the watching, and a Next under way.
func (w *Watcher) Close() error { return w.files.Close() }

// collect marks what events tell of. It only marks, so that the system's queue
// stays empty.
func (w *Watcher) collect() {
	defer close(w.ended)
	for {
		select {
		case event, ok := <-w.files.Events:
			if !ok {
				return
			}
			w.mark(event)
		case err, ok := <-w.files.Errors:
			if !ok {
				return
			}
			w.miss(err)
		}
	}
}

func (w *Watcher) mark(event fsnotify.Event) {
	w.mutex.Lock()
	// What only concerns the mode is compared: reading can be told so too.
	w.dirty[event.Name] = w.dirty[event.Name] || event.Op != fsnotify.Chmod
	w.mutex.Unlock()
	w.wake()
}

// miss is for events that were lost, of whatever cause.
func (w *Watcher) miss(error) {
	w.mutex.Lock()
	w.lost = true
	w.mutex.Unlock()
	w.wake()
}

func (w *Watcher) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// Next returns the next changes, once they have come to rest, sorted by their
// paths. What changes after its return, or while it looks, is told by the next
// one. Its errors are that of ctx and those of folders that cannot be watched.
func (w *Watcher) Next(ctx context.Context) ([]Change, error) {
	for {
		if err := w.rest(ctx); err != nil {
			return nil, err
		}
		changes, err := w.take()
		if err != nil || len(changes) > 0 {
			return changes, err
		}
	}
}

// rest returns when something has changed and nothing did for a while.
func (w *Watcher) rest(ctx context.Context) error {
	quiet, longest := orDefault(w.opts.Quiet, 40*time.Millisecond), orDefault(w.opts.Longest, time.Second)
	var over, calm <-chan time.Time
	for {
		select {
		case <-w.woken:
			if over == nil {
				over = time.After(longest)
			}
			calm = time.After(quiet)
		case <-calm:
			return nil
		case <-over:
			return nil
		case <-w.ended:
			return fmt.Errorf("watch files: %w", fsnotify.ErrClosed)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// taken empties the marks.
func (w *Watcher) taken() (dirty map[string]bool, lost bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	dirty, lost = w.dirty, w.lost
	w.dirty, w.lost = map[string]bool{}, false
	return dirty, lost
}
