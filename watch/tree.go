package watch

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tree is what was there when it was last looked at, by path.
type tree map[string]stamp

// A stamp tells a file from another one of its name.
type stamp struct {
	mode    fs.FileMode
	size    int64
	written time.Time
}

func (s stamp) dir() bool { return s.mode.IsDir() }

func stampOf(found fs.FileInfo) stamp {
	s := stamp{mode: found.Mode(), size: found.Size(), written: found.ModTime()}
	if s.dir() { // what a folder has is looked at by itself
		s.size, s.written = 0, time.Time{}
	}
	return s
}

// found are the paths that have changed, and whether each was a folder.
type found map[string]bool

// take looks at what was marked and returns what has changed.
func (w *Watcher) take() ([]Change, error) {
	dirty, lost := w.taken()
	if lost {
		for _, m := range w.rules {
			dirty[m.rule.Path] = dirty[m.rule.Path] || false
		}
	}
	changed := found{}
	// What is gone comes first: a folder that was moved is watched under its
	// former name until then.
	for path := range dirty {
		if _, err := os.Lstat(path); err != nil && w.concerns(path) {
			w.drop(path, changed)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(dirty)) {
		if err := w.look(path, dirty[path], changed); err != nil {
			return nil, err
		}
	}
	var out []Change
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		if c := w.change(path, changed[path]); len(c.Rules) > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

// look finds what has changed at a path and below it. With certain, the file
// there has, whatever its stamp.
func (w *Watcher) look(path string, certain bool, changed found) error {
	if !w.concerns(path) {
		return nil
	}
	known := w.tree[path]
	now, err := os.Lstat(path)
	switch {
	case err != nil: // gone, or not to be seen any more
		w.drop(path, changed)
		return nil
	case now.IsDir():
		return w.visit(path, changed)
	case known.dir():
		w.drop(path, changed)
	}
	if stamp := stampOf(now); certain || stamp != known {
		w.tree[path] = stamp
		changed[path] = false
	}
	return nil
}

// drop forgets a path and what was below it.
func (w *Watcher) drop(path string, changed found) {
	for name := range w.tree {
		if name == path || strings.HasPrefix(name, path+string(filepath.Separator)) {
			w.forget(name, changed)
		}
	}
}

func (w *Watcher) forget(name string, changed found) {
	if changed[name] = w.tree[name].dir(); changed[name] {
		_ = w.files.Remove(name) // the system may have done so
	}
	delete(w.tree, name)
}

// visit watches the folders at a path and below it, and brings the tree up to
// date. A folder is watched before it is read, so that nothing is missed in
// between.
func (w *Watcher) visit(root string, changed found) error {
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
		case entry.IsDir() && !w.enters(path):
			return fs.SkipDir
		case entry.IsDir():
			err = w.add(path)
		}
		if err == nil {
			err = w.see(path, entry, seen, changed)
		}
		return passed(path, root, err)
	})
	for name := range w.tree {
		if strings.HasPrefix(name, root+string(filepath.Separator)) && !seen[name] {
			w.forget(name, changed)
		}
	}
	return err
}

// see compares an entry with the tree.
func (w *Watcher) see(path string, entry fs.DirEntry, seen map[string]bool, changed found) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	seen[path] = true
	if now := stampOf(info); w.tree[path] != now {
		w.tree[path] = now
		changed[path] = now.dir()
	}
	return nil
}

// passed lets what goes away meanwhile go, but for the beginning.
func passed(path, root string, err error) error {
	if path != root && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)) {
		return nil
	}
	return err
}

// concerns reports whether some rule may mean the path or something below it.
func (w *Watcher) concerns(path string) bool {
	return w.enters(path) || slices.ContainsFunc(w.rules, func(m *matcher) bool { return m.has(path) })
}

func (w *Watcher) enters(dir string) bool {
	return slices.ContainsFunc(w.rules, func(m *matcher) bool { return m.enters(dir) })
}

func (w *Watcher) change(path string, folder bool) Change {
	now, there := w.tree[path]
	c := Change{Path: path, Gone: !there, Dir: now.dir() || !there && folder}
	for i, m := range w.rules {
		if m.has(path) {
			c.Rules = append(c.Rules, i)
		}
	}
	return c
}

// All returns the files and folders that a rule means, as they were last looked
// at, sorted by their paths. It is not to be called while Next is.
func (w *Watcher) All(rule int) (out []Change) {
	for _, path := range slices.Sorted(maps.Keys(w.tree)) {
		if w.rules[rule].has(path) {
			out = append(out, Change{Path: path, Rules: []int{rule}, Dir: w.tree[path].dir()})
		}
	}
	return out
}

// Now is a path as it is at this moment, as a change of no rule.
func Now(path string) Change {
	found, err := os.Lstat(path)
	return Change{Path: path, Gone: err != nil, Dir: err == nil && found.IsDir()}
}
