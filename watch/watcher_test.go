package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience bounds a wait for events. It is no measure of speed.
const patience = 20 * time.Second

// folder is one that is watched, with a test's words for what happens.
type folder struct {
	*testing.T
	dir     string
	watcher *Watcher
}

func watched(t *testing.T, rules func(dir string) []Rule) *folder {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &folder{T: t, dir: dir}
	f.write("src/kept", "1")
	f.write("src/deep/er/file", "1")
	f.watcher, err = New(rules(dir), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.watcher.Close() })
	return f
}

func all(dir string) []Rule { return []Rule{{Path: filepath.Join(dir, "src")}} }

func (f *folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f *folder) write(name, text string) {
	f.Helper()
	f.must(os.MkdirAll(filepath.Dir(f.path(name)), 0o755))
	f.must(os.WriteFile(f.path(name), []byte(text), 0o644))
}

func (f *folder) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// gathers takes changes until those that are wanted are among them: what comes
// at rest comes in one, and what does not, in several.
func (f *folder) gathers(want ...string) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), patience)
	defer cancel()
	var got []string
	for {
		missing := slices.DeleteFunc(slices.Clone(want), func(w string) bool { return slices.Contains(got, w) })
		if len(missing) == 0 {
			break
		}
		list, err := f.watcher.Next(ctx)
		if err != nil {
			f.Fatalf("got %q, missing %q: %v", got, missing, err)
		}
		for _, c := range list {
			got = append(got, f.said(c))
		}
	}
	for _, text := range got {
		if !slices.Contains(want, text) {
			f.Errorf("told %q too", text)
		}
	}
}

func (f *folder) said(c Change) string {
	name, err := filepath.Rel(f.dir, c.Path)
	f.must(err)
	text := filepath.ToSlash(name)
	if c.Dir {
		text += "/"
	}
	if c.Gone {
		text = "-" + text
	}
	return text + strings.TrimSuffix(fmt.Sprint(c.Rules), "[0]")
}

func TestFilesThatChangeAreTold(t *testing.T) {
	f := watched(t, all)
	f.write("src/kept", "2")
	f.write("src/made", "1")
	f.gathers("src/kept", "src/made")
	f.must(os.Remove(f.path("src/kept")))
	f.gathers("-src/kept")
}

func TestAFileThatIsReplacedAsEditorsDoIsTold(t *testing.T) {
	f := watched(t, func(dir string) []Rule { return []Rule{{Path: filepath.Join(dir, "src", "kept")}} })
	for _, text := range []string{"2", "3"} {
		f.write("src/.kept.swp", text)
		f.must(os.Rename(f.path("src/.kept.swp"), f.path("src/kept")))
		f.gathers("src/kept")
	}
}

func TestFoldersThatComeAndGoAreTold(t *testing.T) {
	f := watched(t, all)
	f.write("src/new/er/file", "1")
	f.gathers("src/new/", "src/new/er/", "src/new/er/file")
	f.write("src/new/er/file", "2")
	f.gathers("src/new/er/file")
	f.must(os.Rename(f.path("src/new"), f.path("src/moved")))
	f.gathers("-src/new/", "-src/new/er/", "-src/new/er/file", "src/moved/", "src/moved/er/", "src/moved/er/file")
	f.write("src/moved/er/file", "3")
	f.gathers("src/moved/er/file")
	f.must(os.RemoveAll(f.path("src/deep")))
	f.gathers("-src/deep/", "-src/deep/er/", "-src/deep/er/file")
}

func TestTheWatchedFolderItselfMayBeReplaced(t *testing.T) {
	f := watched(t, all)
	f.must(os.RemoveAll(f.path("src")))
	f.gathers("-src/", "-src/kept", "-src/deep/", "-src/deep/er/", "-src/deep/er/file")
	f.write("src/again", "1")
	f.gathers("src/", "src/again")
	f.write("src/again", "2")
	f.gathers("src/again")
}

func TestPatternsSayWhichFiles(t *testing.T) {
	f := watched(t, func(dir string) []Rule {
		return []Rule{
			{Path: filepath.Join(dir, "src"), Ignore: []string{"modules/", "*.log"}, Context: dir, Excluded: []string{"src/secret"}},
			{Path: dir, Include: []string{"src/**/*.css"}},
		}
	})
	f.write("src/modules/a/b", "1")
	f.write("src/trace.log", "1")
	f.write("src/secret", "1")
	f.write("src/.git/index", "1")
	f.write("src/kept~", "1")
	f.write("src/page/style.css", "1")
	f.gathers("src/page/", "src/page/style.css[0 1]")
}

func TestManySavesLoseNothing(t *testing.T) {
	f := watched(t, all)
	const saves = 200
	got := map[string]bool{}
	over := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		for len(got) < saves {
			list, err := f.watcher.Next(ctx)
			if err != nil {
				over <- err
				return
			}
			for _, c := range list {
				if !c.Dir {
					got[c.Path] = true
				}
			}
		}
		over <- nil
	}()
	for i := range saves {
		f.write(fmt.Sprintf("src/many/%d/%d", i%7, i), "1")
	}
	if err := <-over; err != nil {
		t.Errorf("%d of %d: %v", len(got), saves, err)
	}
}

func TestWhatWasMissedIsFoundByLooking(t *testing.T) {
	f := watched(t, all)
	f.watcher.mutex.Lock() // as if the events of these were lost
	f.write("src/kept", "longer")
	f.write("src/deep/made", "1")
	f.watcher.dirty = map[string]bool{}
	f.watcher.mutex.Unlock()
	f.watcher.miss(nil)
	f.gathers("src/kept", "src/deep/made")
}

func TestARuleOfNothingIsAnError(t *testing.T) {
	if _, err := New([]Rule{{Path: filepath.Join(t.TempDir(), "none")}}, Options{}); err == nil {
		t.Error("a path that is not there is watched")
	}
	if _, err := New([]Rule{{Path: t.TempDir(), Ignore: []string{"[a"}}}, Options{}); err == nil {
		t.Error("a pattern that is none is taken")
	}
}

func TestCloseEndsNext(t *testing.T) {
	f := watched(t, all)
	over := make(chan error, 1)
	go func() {
		_, err := f.watcher.Next(t.Context())
		over <- err
	}()
	f.must(f.watcher.Close())
	select {
	case err := <-over:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(patience):
		t.Error("goes on")
	}
}
