package stack_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// session is one run in the foreground and what it told, in order.
type session struct {
	mutex sync.Mutex
	told  []string
	more  chan struct{} // closed, and made anew, with each thing told
	opts  stack.ForegroundOptions
}

func newSession() *session {
	s := &session{more: make(chan struct{})}
	s.opts = stack.ForegroundOptions{
		Line:      func(l stack.Line) { s.tell(fmt.Sprintf("%s: %s", l.Container, l.Text)) },
		Exited:    func(x stack.Exit) { s.tell(fmt.Sprintf("%s: exit %d", x.Container, x.Code)) },
		Converged: func(stack.Result) { s.tell("converged") },
		Stopping:  func(cause string) { s.tell("stopping: " + cause) },
	}
	return s
}

func (s *session) tell(text string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.told = append(s.told, text)
	close(s.more)
	s.more = make(chan struct{})
}

func (s *session) all() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.told)
}

// await returns when each of the texts has been told.
func (s *session) await(t *testing.T, texts ...string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		s.mutex.Lock()
		more := s.more
		missing := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return slices.Contains(s.told, text) })
		s.mutex.Unlock()
		if len(missing) == 0 {
			return
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("told %q, still missing %q", s.all(), missing)
		}
	}
}

type end struct {
	code int
	err  error
}

func (s *session) start(ctx context.Context, e engine.Engine, desired *spec.Stack) <-chan end {
	over := make(chan end, 1)
	go func() {
		code, err := stack.Foreground(ctx, e, desired, planner.Options{}, s.opts)
		over <- end{code, err}
	}()
	return over
}

func wait(t *testing.T, s *session, over <-chan end) end {
	t.Helper()
	select {
	case e := <-over:
		return e
	case <-time.After(10 * time.Second):
		t.Fatalf("not over; told %q", s.all())
		return end{}
	}
}

func TestInterruptStopsInOrderAndKeepsLastLines(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Behave("web", memory.Behaviour{Output: "hello\n"})
	ctx, interrupt := context.WithCancel(t.Context())
	s := newSession()
	over := s.start(ctx, e, desired)
	s.await(t, "app-web-1: hello", "converged")
	interrupt()
	if got := wait(t, s, over); !errors.Is(got.err, context.Canceled) || got.code != 0 {
		t.Errorf("over with %+v", got)
	}
	s.await(t, "stopping: interrupted", "app-web-1: exit 143", "app-db-1: exit 143")
	if got := running(t, e); got != "" {
		t.Errorf("still running: %s", got)
	}
	if got, want := stops(e), []string{"web", "db"}; !slices.Equal(got, want) {
		t.Errorf("stopped %q, want %q", got, want)
	}
}

// stops are the services that the engine was asked to stop, in order.
func stops(e *memory.Engine) (out []string) {
	names := map[string]string{}
	state, err := e.Snapshot(context.Background(), engine.Query{})
	if err != nil {
		return []string{err.Error()}
	}
	for _, c := range state.Containers {
		names[c.ID], names[c.Name] = c.Service, c.Service
	}
	for _, op := range e.Ops() {
		if stop, ok := op.(engine.StopContainer); ok {
			out = append(out, names[stop.Name])
		}
	}
	return out
}

func TestInterruptWhileConvergingStopsWhatRuns(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Behave("db", memory.Behaviour{Health: engine.HealthStarting, Output: "recovering\n"})
	ctx, interrupt := context.WithCancel(t.Context())
	s := newSession()
	over := s.start(ctx, e, desired)
	s.await(t, "app-db-1: recovering")
	interrupt()
	if got := wait(t, s, over); !errors.Is(got.err, context.Canceled) {
		t.Errorf("over with %+v", got)
	}
	if got := running(t, e); got != "" {
		t.Errorf("still running: %s", got)
	}
}

func TestAbortKills(t *testing.T) {
	e, desired := world(t, twoServices)
	ctx, interrupt := context.WithCancel(t.Context())
	abort := make(chan struct{})
	s := newSession()
	s.opts.Abort = abort
	var once sync.Once
	e.Fail(func(op plan.Op) error {
		if stop, ok := op.(engine.StopContainer); ok && stop.Timeout == nil {
			once.Do(func() { close(abort) })
			return errors.New("too slow for the user")
		}
		return nil
	})
	over := s.start(ctx, e, desired)
	s.await(t, "converged")
	interrupt()
	wait(t, s, over)
	if got := running(t, e); got != "" {
		t.Errorf("still running: %s", got)
	}
}

func TestRunEndsWhenAllHaveEnded(t *testing.T) {
	e, desired := world(t, "name: app\nservices:\n  job: {image: 'job:1'}\n")
	e.Behave("job", memory.Behaviour{Exits: true, Code: 4, Output: "done\n"})
	s := newSession()
	if got := wait(t, s, s.start(t.Context(), e, desired)); got != (end{}) {
		t.Errorf("over with %+v", got)
	}
	told := s.all()
	if line, exit := slices.Index(told, "app-job-1: done"), slices.Index(told, "app-job-1: exit 4"); line < 0 || exit < line {
		t.Errorf("told %q", told)
	}
}

func TestFirstExitStopsTheOthers(t *testing.T) {
	for name, opts := range map[string]stack.ForegroundOptions{
		"first exit":    {Until: stack.FirstExit},
		"first failure": {Until: stack.FirstFailure},
		"code from":     {CodeFrom: "web"},
	} {
		t.Run(name, func(t *testing.T) {
			e, desired := world(t, twoServices)
			s := newSession()
			s.opts.Until, s.opts.CodeFrom = opts.Until, opts.CodeFrom
			over := s.start(t.Context(), e, desired)
			s.await(t, "converged")
			e.Drift().Exit("app-web-1", 7)
			if got := wait(t, s, over); got.err != nil || got.code != 7 {
				t.Errorf("over with %+v, told %q", got, s.all())
			}
			s.await(t, "stopping: container app-web-1 exited", "app-db-1: exit 143")
		})
	}
}

func TestCodeFromIsThatOfItsServiceEvenIfAnotherEndsFirst(t *testing.T) {
	e, desired := world(t, twoServices)
	s := newSession()
	s.opts.CodeFrom = "web"
	over := s.start(t.Context(), e, desired)
	s.await(t, "converged")
	e.Drift().Exit("app-db-1", 1)
	if got := wait(t, s, over); got.err != nil || got.code != 143 {
		t.Errorf("over with %+v, told %q", got, s.all())
	}
}

func TestSilentServicesAreNotHeardButCount(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Behave("db", memory.Behaviour{Output: "noise\n"})
	e.Behave("web", memory.Behaviour{Output: "hello\n"})
	s := newSession()
	s.opts.Silent = func(service string) bool { return service == "db" }
	over := s.start(t.Context(), e, desired)
	s.await(t, "app-web-1: hello", "converged")
	e.Drift().Exit("app-web-1", 0)
	s.await(t, "app-web-1: exit 0")
	select {
	case got := <-over:
		t.Fatalf("over with %+v while db runs", got)
	default:
	}
	e.Drift().Exit("app-db-1", 0)
	wait(t, s, over)
	for _, text := range s.all() {
		if text == "app-db-1: noise" || text == "app-db-1: exit 0" {
			t.Errorf("told %q", text)
		}
	}
}

func TestWhatRanBeforeIsFollowedFromNowOn(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Behave("web", memory.Behaviour{Output: "old\n"})
	up(t, e, desired, planner.Options{})
	ctx, interrupt := context.WithCancel(t.Context())
	s := newSession()
	over := s.start(ctx, e, desired)
	s.await(t, "converged")
	// The follower begins after that; what is printed until it is heard comes
	// or not, but a line printed again and again must.
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		for ctx.Err() == nil && !slices.Contains(s.all(), "app-web-1: new") {
			e.Print("app-web-1", "new\n")
		}
	}()
	s.await(t, "app-web-1: new")
	<-printed
	interrupt()
	wait(t, s, over)
	if slices.Contains(s.all(), "app-web-1: old") {
		t.Error("told what was written before")
	}
}

func TestRunGoesOnWhenAllAreStoppedAndStartedFromOutside(t *testing.T) {
	e, desired := world(t, "name: app\nservices:\n  web: {image: 'web:1'}\n")
	ctx, interrupt := context.WithCancel(t.Context())
	s := newSession()
	over := s.start(ctx, e, desired)
	s.await(t, "converged")
	e.Drift().Stop("app-web-1")
	s.await(t, "app-web-1: exit 143")
	e.Behave("web", memory.Behaviour{Output: "again\n"})
	if _, err := stack.Apply(t.Context(), e, stack.Start(stack.Project{Name: "app"}, planner.StartOptions{}), stack.Options{}); err != nil {
		t.Fatal(err)
	}
	s.await(t, "app-web-1: again")
	interrupt()
	if got := wait(t, s, over); !errors.Is(got.err, context.Canceled) {
		t.Errorf("over with %+v", got)
	}
}

func TestFollowedLogsGoOnOverARestart(t *testing.T) {
	e, desired := world(t, twoServices)
	e.Behave("web", memory.Behaviour{Output: "begin\n"})
	up(t, e, desired, planner.Options{})
	s := newSession()
	over := make(chan error, 1)
	project := stack.Project{Name: "app", Desired: desired}
	go func() {
		over <- stack.Logs(t.Context(), e, project, stack.Selection{}, engine.LogOptions{Follow: true}, s.opts.Line)
	}()
	s.await(t, "app-web-1: begin")
	e.Behave("web", memory.Behaviour{Output: "again\n"})
	if _, err := stack.Apply(t.Context(), e, stack.Restart(project, planner.StopOptions{Services: []string{"web"}}), stack.Options{}); err != nil {
		t.Fatal(err)
	}
	s.await(t, "app-web-1: again")
	if _, err := stack.Apply(t.Context(), e, stack.Down(project, planner.DownOptions{}), stack.Options{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-over:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("following goes on although nothing runs")
	}
	count := 0
	for _, text := range s.all() {
		if text == "app-web-1: begin" {
			count++
		}
	}
	if count != 1 {
		t.Errorf("told %d times what was written before the restart: %q", count, s.all())
	}
}
