package docker

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// A stream is one GET /events that has begun.
type stream struct {
	messages <-chan events.Message
	errs     <-chan error
}

// subscribe opens a stream; since is as in the API, "" for what comes from now
// on.
func (e *Engine) subscribe(ctx context.Context, args filters.Args, since string) (stream, error) {
	messages, errs := e.client.Events(ctx, events.ListOptions{Filters: args, Since: since})
	// The client gives the error of a request that failed in its own time;
	// one that comes later looks like a stream that broke at once.
	select {
	case err := <-errs:
		return stream{}, err
	default:
		return stream{messages, errs}, nil
	}
}

// all are the messages until the stream breaks or ctx ends.
func (s stream) all(ctx context.Context) iter.Seq[events.Message] {
	return func(yield func(events.Message) bool) {
		for {
			select {
			case m := <-s.messages:
				if !yield(m) {
					return
				}
			case <-s.errs: //nolint:errcheck // whatever ended the stream, it has ended
				return
			case <-ctx.Done():
				return
			}
		}
	}
}

// resubscribe tries until it succeeds or ctx ends, which gives the zero stream.
func (e *Engine) resubscribe(ctx context.Context, args filters.Args, since time.Time) stream {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		if sleep(ctx, pause) != nil {
			return stream{}
		}
		if s, err := e.subscribe(ctx, args, timestamp(since)); err == nil {
			return s
		}
	}
}

func timestamp(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// A hub shares one stream of events between all waits of an Engine. It is open
// while anybody listens. What it hands on is only that something happened to a
// container: a listener looks at the container again. So events may come twice,
// or several as one, and a broken stream wakes everybody.
type hub struct {
	mu        sync.Mutex // guards all below: waits come and go on goroutines of their own
	listeners map[*listener]struct{}
	open      *opening
}

// An opening is one stream, or the attempt at it.
type opening struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the stream is there, or is not to be had
	err    error         // valid once done
}

// A listener is woken by each event of its container.
type listener struct {
	hub  *hub
	id   string // "" for every container; guarded by hub.mu
	wake chan struct{}
}

// listen returns once the stream is open, so that nothing which happens after
// it is missed. The caller closes the listener.
func (e *Engine) listen(ctx context.Context) (*listener, error) {
	l := &listener{hub: &e.events, wake: make(chan struct{}, 1)}
	o := e.events.add(l, e.pump) //nolint:contextcheck // the stream outlives the wait that opened it
	select {
	case <-o.done:
		if o.err != nil {
			l.close()
			return nil, o.err
		}
		return l, nil
	case <-ctx.Done():
		l.close()
		return nil, ctx.Err()
	}
}

// add opens the stream for the first listener.
func (h *hub) add(l *listener, pump func(context.Context, *opening)) *opening {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = map[*listener]struct{}{}
	}
	h.listeners[l] = struct{}{}
	if h.open == nil {
		// The stream outlives the wait that opened it.
		ctx, cancel := context.WithCancel(context.Background())
		h.open = &opening{cancel: cancel, done: make(chan struct{})}
		go pump(ctx, h.open)
	}
	return h.open
}

// close takes the listener away, and the stream with the last one.
func (l *listener) close() {
	h := l.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
	if len(h.listeners) == 0 && h.open != nil {
		h.open.cancel()
		h.open = nil
	}
}

// narrow makes the listener hear of one container only.
func (l *listener) narrow(id string) {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	l.id = id
}

// notify wakes who listens for the container, all for "".
func (h *hub) notify(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		if id != "" && l.id != "" && l.id != id {
			continue
		}
		select {
		case l.wake <- struct{}{}:
		default: // it has yet to look since the last one
		}
	}
}

// drop forgets a stream that never came to be, so that the next listener tries
// anew.
func (h *hub) drop(o *opening) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == o {
		h.open = nil
	}
}

// lifeEvents are what can change the answer to a wait.
var lifeEvents = []events.Action{
	events.ActionStart, events.ActionDie, events.ActionOOM, events.ActionPause, events.ActionUnPause,
	events.ActionDestroy, events.ActionHealthStatus,
}

// overlap is how far back a stream starts: the engine answers a moment before
// it listens, and what happens in between is in its memory only.
const overlap = 10 * time.Second

// pump reads one stream after the other until ctx ends.
func (e *Engine) pump(ctx context.Context, o *opening) {
	args := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)))
	for _, action := range lifeEvents {
		args.Add("event", string(action))
	}
	s, err := e.subscribe(ctx, args, timestamp(time.Now().Add(-overlap)))
	if err != nil {
		o.err = err
		e.events.drop(o)
		close(o.done)
		return
	}
	for close(o.done); s.messages != nil; s = e.resubscribe(ctx, args, time.Now().Add(-overlap)) {
		e.events.notify("")
		for m := range s.all(ctx) {
			e.events.notify(m.Actor.ID)
		}
	}
}
