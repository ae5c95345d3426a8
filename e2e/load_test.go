//go:build e2e

package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	every      = 14 * time.Millisecond // one request begins
	requestCap = 10_000                // of one load: it ends by itself
	leastRate  = 50                    // requests a second that a load must have reached
	// remembered is how long the nginx of these tests may go on with an address
	// that is out of date: one second, in whole seconds, and where the engine is
	// too busy to answer, the five until nginx asks again.
	remembered = 7 * time.Second
)

// A load is requests to one address, one after the other and some at once,
// until it is stopped.
type load struct {
	t    testing.TB
	stop func()
	mu   sync.Mutex // requests end on goroutines of their own
	all  []request
}

type request struct {
	begun, ended time.Time
	said         string
	err          error
}

// newLoad begins once the address has answered.
func newLoad(t testing.TB, address string) *load {
	t.Helper()
	l := &load{t: t}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	limit := time.After(deadline)
	for first := ask(client, address); first.err != nil; first = ask(client, address) {
		select {
		case <-limit:
			t.Fatalf("%s does not answer: %v", address, first.err)
		case <-time.After(every):
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.run(ctx, client, address)
	}()
	l.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(l.stop)
	return l
}

func (l *load) run(ctx context.Context, client *http.Client, address string) {
	var group sync.WaitGroup
	defer group.Wait()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for range requestCap {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		group.Go(func() {
			r := ask(client, address)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.all = append(l.all, r)
		})
	}
}

func ask(client *http.Client, address string) (r request) {
	r.begun = time.Now()
	response, err := client.Get(address)
	if err == nil {
		var text []byte
		text, err = io.ReadAll(response.Body)
		r.said = strings.TrimSpace(string(text))
		_ = response.Body.Close()
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s", response.Status)
		}
	}
	r.ended, r.err = time.Now(), err
	return r
}

// over ends the load, and returns what it sent, in order.
func (l *load) over() []request {
	l.t.Helper()
	l.stop()
	slices.SortFunc(l.all, func(a, b request) int { return a.begun.Compare(b.begun) })
	if took := l.all[len(l.all)-1].begun.Sub(l.all[0].begun); float64(len(l.all)) < leastRate*took.Seconds() {
		l.t.Errorf("%d requests in %s are fewer than %d a second", len(l.all), took, leastRate)
	}
	return l.all
}

// A span is some time.
type span struct{ from, to time.Time }

func (s span) String() string { return s.to.Sub(s.from).Round(time.Millisecond).String() }

func (s span) has(r request) bool { return r.ended.After(s.from) && r.begun.Before(s.to) }

// wantOnlyWithin holds all requests that failed to have done so within one of
// the spans, or as long after it as nginx remembers the address of before. It
// says how many did.
func wantOnlyWithin(t testing.TB, what string, all []request, spans ...span) {
	t.Helper()
	failed, later := 0, 0
	for _, r := range all {
		within := func(s span) bool { return s.has(r) }
		shortlyAfter := func(s span) bool { return span{s.from, s.to.Add(remembered)}.has(r) }
		switch {
		case r.err == nil:
		case slices.ContainsFunc(spans, within):
			failed++
		case slices.ContainsFunc(spans, shortlyAfter):
			failed++
			later++
		default:
			t.Errorf("%s: a request of %s failed outside of the gap, at %s: %v", what, r.ended.Sub(r.begun), r.begun.Format(time.StampMicro), r.err)
		}
	}
	took := all[len(all)-1].begun.Sub(all[0].begun)
	t.Logf("%s: %d requests in %s (%.0f a second), %d failed, %d of them while nginx remembered, gap %v", what, len(all), took.Round(time.Millisecond), float64(len(all))/took.Seconds(), failed, later, spans)
}

// noteStops returns from when to when the engine was last busy to stop a
// container, from now on. The zero span is never.
func (s *sandbox) noteStops() func(id string) span {
	var mu sync.Mutex // calls come on many connections
	stops := map[string]span{}
	s.wire.intercept(func(c call, forward func()) {
		begun := time.Now()
		forward()
		if id, ok := strings.CutSuffix(strings.TrimPrefix(c.path, "/containers/"), "/stop"); ok {
			mu.Lock()
			defer mu.Unlock()
			stops[id] = span{begun, time.Now()}
		}
	})
	return func(id string) span {
		mu.Lock()
		defer mu.Unlock()
		return stops[id]
	}
}

// said is when a container wrote a line first after some time: it waits for it.
func said(t testing.TB, id, line string, after time.Time) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", "logs", "--follow", "--timestamps", id)
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		text, rest, _ := strings.Cut(lines.Text(), " ")
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil && rest == line && at.After(after) {
			return at
		}
	}
	t.Fatalf("container %.12s has not said %q after %s", id, line, after)
	return time.Time{}
}
