package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// cmdFlag runs a command with and without what stands in brackets, each time on
// the same engine and files, and prints what is different: lines of the exit
// status, of either stream, of what the engine was asked for, and of files that
// came or changed, with "+" those that the flag brought and with "-" those that it
// took away. No difference is an error, and so is one that is there without the
// flag too. The engine and the files stay as they were.
func cmdFlag(ts *testscript.TestScript, _ bool, args []string) {
	plain, flagged := unbracket(args)
	w := worldOf(ts)
	input := w.input
	outcome := func(args []string) string {
		w.input = input
		return w.outcome(ts, args)
	}
	without := outcome(plain)
	if again := outcome(plain); again != without {
		ts.Fatalf("twice the same, and not the same came of it:\n%s", diff.Diff("once", []byte(without), "again", []byte(again)))
	}
	with := outcome(flagged)
	w.input = ""
	if with == without {
		ts.Fatalf("the flag makes no difference:\n%s", with)
	}
	for line := range strings.Lines(string(diff.Diff("without", []byte(without), "with", []byte(with)))) {
		if strings.HasPrefix(line, "+") && !strings.HasPrefix(line, "+++") || strings.HasPrefix(line, "-") && !strings.HasPrefix(line, "---") {
			fmt.Fprint(ts.Stdout(), line)
		}
	}
}

// unbracket returns the words without those in brackets, and all of them.
func unbracket(words []string) (plain, all []string) {
	inside := false
	for _, word := range words {
		opens := !inside && strings.HasPrefix(word, "[")
		closes := strings.HasSuffix(word, "]") && (inside || opens)
		bare := word
		if opens {
			bare = bare[1:]
		}
		if closes {
			bare = strings.TrimSuffix(bare, "]")
		}
		all = append(all, bare)
		if !inside && !opens {
			plain = append(plain, bare)
		}
		inside = (inside || opens) && !closes
	}
	return plain, all
}

// outcome is all that came of a run, in the order of its lines; the run leaves no
// trace.
func (w *world) outcome(ts *testscript.TestScript, args []string) string {
	before, files := w.engine, filesIn(ts, ts.MkAbs("."))
	defer func() { w.engine = before }()
	w.engine = before.Clone()
	var stdout, stderr bytes.Buffer
	status := w.runTo(ts, args, &stdout, &stderr)
	lines := slices.Concat(prefixed("stdout", stdout.String()), prefixed("stderr", stderr.String()), changed(ts, files))
	for _, op := range w.changes(false) {
		text, err := json.Marshal(op)
		ts.Check(err)
		lines = append(lines, fmt.Sprintf("engine: %s %s\n", op.Kind(), text))
	}
	slices.Sort(lines) // what goes on at the same time has no order
	return random.ReplaceAllString(fmt.Sprintf("exit status: %d\n%s", status, strings.Join(lines, "")), "$1*")
}

// random is what a run's container has in its name and in a label.
var random = regexp.MustCompile(`(-run-|compose\.slug":")[0-9a-f]+`)

func prefixed(name, text string) (out []string) {
	for line := range strings.Lines(text) {
		out = append(out, name+": "+strings.TrimSuffix(line, "\n")+"\n")
	}
	return out
}

func filesIn(ts *testscript.TestScript, dir string) map[string]string {
	out := map[string]string{}
	ts.Check(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		out[path] = string(text)
		return err
	}))
	return out
}

// changed tells how the files differ from those before, and makes them so again.
func changed(ts *testscript.TestScript, before map[string]string) (out []string) {
	dir := ts.MkAbs(".")
	now := filesIn(ts, dir)
	for _, path := range slices.Sorted(maps.Keys(now)) {
		text, there := before[path]
		if there && text == now[path] {
			continue
		}
		out = append(out, prefixed("file "+strings.TrimPrefix(path, dir+"/"), now[path])...)
		if there {
			ts.Check(os.WriteFile(path, []byte(text), 0o600))
		} else {
			ts.Check(os.Remove(path))
		}
	}
	return out
}

// TestEachFlagHasACase: for each flag that docker compose has too, and for each
// other one of the program's, a script shows what is different with it and
// without it, or an end-to-end test named in testdata/elsewhere does.
func TestEachFlagHasACase(t *testing.T) {
	root := rootCommand(&program{})
	shown := map[string]string{}
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal(err, "no scripts")
	}
	for _, file := range scripts {
		linesOf(t, file, func(line string) {
			if words := strings.Fields(line); len(words) > 1 && words[0] == "flag" {
				addShown(t, root, words[1:], shown)
			}
		})
	}
	shownElsewhere(t, shown)
	for _, c := range append(all(root), root) {
		for _, name := range flagNames(root, c) {
			if _, ok := shown[name]; !ok {
				t.Errorf("%s: no case shows what it does", name)
			}
		}
	}
}

func linesOf(t *testing.T, file string, f func(line string)) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f(strings.TrimSuffix(line, "\n"))
	}
}

// addShown adds the flags that stand in brackets, each with its command.
func addShown(t *testing.T, root *cobra.Command, words []string, shown map[string]string) {
	t.Helper()
	inside := strings.Join(words, " ")
	plain, _ := unbracket(words)
	command, _, err := root.Find(plain)
	if err != nil {
		t.Fatalf("flag %s: %v", inside, err)
	}
	for _, found := range regexp.MustCompile(`\[(--?[\w-]+)`).FindAllStringSubmatch(inside, -1) {
		if f := flagOf(root, command, found[1]); f != nil {
			shown[flagName(root, command, f)] = inside
		} else {
			t.Errorf("flag %s: %s has no %s", inside, command.CommandPath(), found[1])
		}
	}
}

// flagOf is the flag of a command that a word such as --file or -f names: its own, or
// one of the program's, which may follow it too.
func flagOf(root, command *cobra.Command, word string) *pflag.Flag {
	for _, set := range []*pflag.FlagSet{command.Flags(), root.Flags()} {
		f := set.Lookup(strings.TrimPrefix(word, "--"))
		if !strings.HasPrefix(word, "--") {
			f = set.ShorthandLookup(word[1:2])
		}
		if f != nil {
			return f
		}
	}
	return nil
}

func flagName(root, command *cobra.Command, f *pflag.Flag) string {
	if own := command.Flags().Lookup(f.Name); own != f {
		command = root
	}
	return strings.TrimPrefix(command.CommandPath()+" --"+f.Name, "stack ")
}

// flagNames are those that a command needs cases for: none, if it is refused.
func flagNames(root, command *cobra.Command) (out []string) {
	if _, refused := command.Annotations[refusedCommand]; refused {
		return nil
	}
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		ofUpOnly := command.Name() == "plan" && flag.Hidden // taken so that up's words can be had with plan
		if flag.Name != "help" && !ofUpOnly {
			out = append(out, flagName(root, command, flag))
		}
	})
	return out
}

// shownElsewhere adds the flags of testdata/elsewhere.
func shownElsewhere(t *testing.T, shown map[string]string) {
	t.Helper()
	linesOf(t, "testdata/elsewhere", func(line string) {
		name, rest, ok := strings.Cut(line, ": ")
		if !ok || strings.HasPrefix(line, "#") {
			return
		}
		if _, twice := shown[name]; twice {
			t.Errorf("%s: has a case in a script, and stands in testdata/elsewhere too", name)
		}
		shown[name] = rest
		if strings.HasPrefix(rest, "no effect: ") {
			return
		}
		file, _, _ := strings.Cut(rest, ": ")
		text, err := os.ReadFile("../../e2e/" + file)
		if flag := name[strings.LastIndex(name, "--"):]; err != nil || !strings.Contains(string(text), flag) {
			t.Errorf("%s: not in e2e/%s: %v", name, file, err)
		}
	})
}
