package stack_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/internal/laws"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

var (
	key = stack.Key(bytes.Repeat([]byte{7}, 32))
	now = time.Date(2026, time.January, 1, 1, 0, 0, 0, time.UTC)
)

// filed is a plan that went through a file.
func filed(t testing.TB, r engine.Reader, desired *spec.Stack, opts planner.Options) (*stack.Saved, []byte) {
	t.Helper()
	saved, err := stack.Save(t.Context(), r, desired, opts, now)
	if err != nil {
		t.Fatal(err)
	}
	file, err := saved.Encode(key)
	if err != nil {
		t.Fatal(err)
	}
	read, err := stack.DecodeSaved(file, key)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read, saved) {
		t.Fatalf("read back is another plan:\n%+v\n%+v", read, saved)
	}
	return read, file
}

// Two engines that are alike have the same containers, from the same definitions,
// whether an up or a saved plan made them.
func TestASavedPlanDoesWhatUpDoes(t *testing.T) {
	for _, wait := range []bool{false, true} {
		direct, desired := world(t, twoServices)
		up(t, direct, desired, planner.Options{Wait: wait})
		e, _ := world(t, twoServices)
		saved, _ := filed(t, e, desired, planner.Options{})
		if ops := e.Ops(); len(ops) > 0 {
			t.Fatalf("saving a plan asked the engine for %v", ops)
		}
		if err := saved.Check(t.Context(), e, "app"); err != nil {
			t.Fatal(err)
		}
		result, err := stack.Apply(t.Context(), e, saved.Goal(wait), stack.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := kinds(e), kinds(direct); !slices.Equal(got, want) {
			t.Errorf("the engine was asked for %q\nan up asks for      %q", got, want)
		}
		if _, waited := result.Outcomes["ready app-web-1"]; waited != wait {
			t.Errorf("wait %v: waited for the front: %v", wait, waited)
		}
		next, err := stack.Plan(t.Context(), e, stack.Up(desired, planner.Options{}))
		if err != nil || !next.Empty() {
			t.Errorf("the next plan: %v, %v", next, err)
		}
	}
}

// What has moved is named, and the engine is asked for nothing, not even the
// lock.
func TestAPlanWhoseBaseHasMovedIsNotCarriedOut(t *testing.T) {
	for name, c := range map[string]struct {
		move func(*memory.Engine)
		want string
	}{
		"stopped":       {func(e *memory.Engine) { e.Drift().Stop("app-web-1") }, "container app-web-1: was running, is exited with "},
		"removed":       {func(e *memory.Engine) { e.Drift().Remove("app-db-1") }, "container app-db-1: is gone"},
		"limits":        {func(e *memory.Engine) { e.Drift().Update("app-db-1", limit) }, "container app-db-1: mem_limit: added 1g"},
		"image":         {func(e *memory.Engine) { e.SetImage("web:1", engine.Image{ID: "sha256:x"}) }, "image web:1: now means sha256:x"},
		"other engine":  {func(e *memory.Engine) { e.ConnectAfterCreate(true) }, `engine memory: api: "1.47" -> "1.41"`},
		"by the health": {func(e *memory.Engine) { e.Drift().SetHealth("app-db-1", engine.HealthUnhealthy) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, desired := world(t, twoServices)
			up(t, e, desired, planner.Options{Wait: true})
			saved, _ := filed(t, e, desired, planner.Options{ForceRecreate: true})
			before := len(e.Ops())
			c.move(e)
			_, err := stack.Apply(t.Context(), e, saved.Goal(false), stack.Options{})
			var moved *stack.MovedError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("apply: %v", err)
			case c.want != "" && (!errors.As(err, &moved) || len(moved.Moves) != 1 || !strings.HasPrefix(moved.Moves[0], c.want)):
				t.Errorf("apply: %v\nwant %s", err, c.want)
			case c.want != "" && len(e.Ops()) != before:
				t.Errorf("the engine was asked for %v", e.Ops()[before:])
			}
		})
	}
}

func limit(c *spec.Container) { c.Memory = 1 << 30 }

// What moves while the lock is waited for is seen too.
func TestABaseThatMovesBeforeTheLockIsTaken(t *testing.T) {
	e, desired := world(t, twoServices)
	saved, _ := filed(t, e, desired, planner.Options{})
	var once sync.Once
	e.FailAfter(func(op plan.Op) error {
		if ofLock(op) {
			once.Do(func() { e.SetImage("web:1", engine.Image{ID: "sha256:x"}) })
		}
		return nil
	})
	_, err := stack.Apply(t.Context(), e, saved.Goal(false), stack.Options{})
	if !errors.As(err, new(*stack.MovedError)) || len(kinds(e)) > 0 {
		t.Errorf("apply: %v; the engine was asked for %q", err, kinds(e))
	}
}

func TestASavedPlanIsCarriedOutOnce(t *testing.T) {
	e, desired := world(t, twoServices)
	saved, _ := filed(t, e, desired, planner.Options{})
	if _, err := stack.Apply(t.Context(), e, saved.Goal(true), stack.Options{}); err != nil {
		t.Fatal(err)
	}
	before := len(e.Ops())
	_, err := stack.Apply(t.Context(), e, saved.Goal(true), stack.Options{})
	var moved *stack.MovedError
	if !errors.As(err, &moved) || len(e.Ops()) != before {
		t.Fatalf("again: %v", err)
	}
	want := []string{
		"container app-db-1: was not there, is running now", "container app-web-1: was not there, is running now",
		"image db:16: was not there, means sha256:db:16 now", "image web:1: was not there, means sha256:web:1 now",
		"network app_default: was not there, is now",
	}
	if !slices.Equal(moved.Moves, want) {
		t.Errorf("got  %q\nwant %q", moved.Moves, want)
	}
}

func TestAPlanForSomethingElseIsRefused(t *testing.T) {
	e, desired := world(t, twoServices)
	saved, _ := filed(t, e, desired, planner.Options{})
	if err := saved.Check(t.Context(), e, "other"); !errors.As(err, new(*stack.StrangerError)) {
		t.Errorf("another project: %v", err)
	}
	e.SetID("another")
	if err := saved.Check(t.Context(), e, ""); !errors.As(err, new(*stack.StrangerError)) {
		t.Errorf("another engine: %v", err)
	}
}

func TestAFileThatIsNotAsItWasWrittenIsRefused(t *testing.T) {
	e, desired := world(t, twoServices)
	_, file := filed(t, e, desired, planner.Options{})
	refused := func(what string, file []byte, k stack.Key, want string) {
		t.Helper()
		var seal *stack.SealError
		if _, err := stack.DecodeSaved(file, k); !errors.As(err, &seal) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	for i := 0; i < len(file); i += 1 + i/100 { // each of the head, and then fewer
		changed := slices.Clone(file)
		changed[i] ^= 1
		refused("a byte changed", changed, key, "")
		refused("cut short", file[:i], key, "")
	}
	refused("more behind it", append(slices.Clone(file), '\n'), key, "not as it was written")
	refused("edited", bytes.Replace(file, []byte("web:1"), []byte("web:2"), 1), key, "not as it was written")
	refused("cut short", file[:len(file)/2], key, "1:"+"")
	refused("another key", file, stack.Key("another"), "signed with another key")
	refused("no key", file, nil, "there is no key here")
	refused("signed with no key", stack.Seal(nil, []byte(`{"desired":{},"plan":{}}`)), nil, "there is no key here")
	refused("another version", bytes.Replace(file, []byte(`"version":1`), []byte(`"version":2`), 1), key, "version 2: this stack reads version 1")
	refused("something else", []byte("services: {}\n"), key, "1:1: cut short, or no saved plan")
	refused("other JSON", []byte("{}"), key, "no saved plan")
}

func TestAPlanFileIsForItsOwnerOnlyAndReplacesOnlyItsLike(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	file := at("plan")
	e, desired := world(t, twoServices)
	_, sealed := filed(t, e, desired, planner.Options{})
	for range 2 { // the second time in place of the first
		if err := stack.WritePlan(file, sealed); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, sealed) {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(at("stack.yaml"), []byte("services: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink("stack.yaml", at("link")), os.Mkdir(at("folder"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"stack.yaml", "link", "folder"} {
		if err := stack.WritePlan(at(name), sealed); !errors.As(err, new(*stack.OverwriteError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := stack.WritePlan(at("nowhere/plan"), sealed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nowhere: %v", err)
	}
	if text, err := os.ReadFile(at("stack.yaml")); err != nil || string(text) != "services: {}\n" {
		t.Errorf("the stack file holds %q, %v", text, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestAKeyIsMadeOnceForItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "stack", "plan.key")
	if _, err := stack.ReadKey(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no key: %v", err)
	}
	keys, errs := make([]stack.Key, 8), make([]error, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { keys[i], errs[i] = stack.MakeKey(file) })
	}
	all.Wait()
	read, err := stack.ReadKey(file)
	if err != nil || len(read) != 32 {
		t.Fatalf("key of %d bytes, %v", len(read), err)
	}
	for i := range keys {
		if errs[i] != nil || !bytes.Equal(keys[i], read) {
			t.Errorf("maker %d has another key: %v", i, errs[i])
		}
	}
	folder, err := os.Stat(filepath.Dir(file))
	if err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", folder.Mode(), err)
	}
	for _, spoil := range []func() error{
		func() error { return os.Chmod(file, 0o644) },
		func() error { return errors.Join(os.Chmod(file, 0o600), os.WriteFile(file, []byte("00\n"), 0o600)) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := stack.MakeKey(file); !errors.As(err, new(*stack.KeyError)) {
			t.Errorf("spoilt key: %v", err)
		}
	}
}

// FuzzSavedPlan holds the reading of plans to three promises, whatever it is
// given: it does not panic; a file that is not the one that was signed is refused;
// and what can be read encodes to the same value.
func FuzzSavedPlan(f *testing.F) {
	// Short ones: the fuzzer takes its time to make long ones shorter.
	file, err := (&stack.Saved{Desired: &spec.Stack{}, Plan: &plan.Plan{}}).Encode(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	for _, text := range []string{
		`{"desired":{},"plan":{}}`,
		`{"desired":{"Services":{"web":{"Container":{"image":"web:1","environment":{"A":null}}}}},"plan":{"Base":[{"object":"image","name":"web:1","fields":{"a":"1"}}]}}`,
		`{"desired":{},"plan":{"Actions":[{"ID":"a","Kind":"StopContainer","Op":{"Name":"x","Timeout":1},"Reasons":[{}]},{"ID":"b","Kind":"CopyFiles","Op":{"Files":{"/a":{"Content":"AA=="}}},"After":[{"ID":"a","When":"failed"}],"Unless":[{"ID":"a"}],"Reasons":[{}]}]}}`,
	} {
		if _, err := stack.DecodeSaved(stack.Seal(key, []byte(text)), key); err != nil {
			f.Fatalf("%s: %v", text, err)
		}
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := stack.DecodeSaved(text, key); err == nil && !bytes.Equal(text, file) {
			t.Errorf("a file that nobody signed was read: %q", text)
		}
		saved, err := stack.DecodeSaved(stack.Seal(key, text), key)
		if err != nil {
			return
		}
		again, err := saved.Encode(key)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		read, err := stack.DecodeSaved(again, key)
		if err != nil || !laws.Alike(*read, *saved) {
			t.Errorf("encoded again it is another plan: %v\n%+v\n%+v", err, read, saved)
		}
	})
}
