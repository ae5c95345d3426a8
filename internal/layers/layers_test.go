package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is one file, and the folder of its package in the module.
type source struct {
	folder  string
	name    string
	file    *ast.File
	set     *token.FileSet
	imports map[string]string // path by the name it has in the file
}

// sources reads all files of the module that are no tests; or those that are.
func sources(t *testing.T, tests bool) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var out []source
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") != tests:
			return nil
		}
		s, err := read(root, file)
		out = append(out, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d files under %s: this is not the module", len(out), root)
	}
	return out
}

func read(root, file string) (source, error) {
	s := source{set: token.NewFileSet(), imports: map[string]string{}}
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return s, err
	}
	s.name = filepath.ToSlash(relative)
	if s.folder = path.Dir(s.name); s.folder == "." {
		s.folder = ""
	}
	s.file, err = parser.ParseFile(s.set, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return s, err
	}
	for _, spec := range s.file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return s, err
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		s.imports[name] = imported
	}
	return s, nil
}

func (s source) at(n ast.Node) string {
	return s.name + ":" + strconv.Itoa(s.set.Position(n.Pos()).Line)
}

// ruled is the folder whose rule holds for another one: itself, or the nearest
// above it. The root's rule is for the root alone.
func ruled(folder string) (string, bool) {
	for at := folder; ; at = path.Dir(at) {
		if at == "." {
			return "", folder == ""
		}
		if _, ok := rules[at]; ok {
			return at, true
		}
		if at == "" {
			return "", false
		}
	}
}

func TestEachPackageImportsOnlyWhatItMay(t *testing.T) {
	for _, s := range sources(t, false) {
		folder, ok := ruled(s.folder)
		if !ok {
			t.Errorf("%s: package %s is not in the table of layers: give it a row, and a paragraph in docs/architecture.md", s.name, s.folder)
			continue
		}
		r := rules[folder]
		for _, spec := range s.file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !r.allows(s.folder, imported) {
				t.Errorf("%s: %s may not import %s: %s", s.at(spec), s.folder, imported, r.why)
			}
		}
	}
}

// TestEndToEndTestsKnowOnlyTheBinary looks at test files: e2e has little else.
func TestEndToEndTestsKnowOnlyTheBinary(t *testing.T) {
	for _, s := range sources(t, true) {
		for _, imported := range s.imports {
			if within(s.folder, "e2e") && within(imported, module) {
				t.Errorf("%s: imports %s: %s", s.name, imported, rules["e2e"].why)
			}
		}
	}
}

func (r rule) allows(folder, imported string) bool {
	if below, ok := strings.CutPrefix(imported, module); ok {
		below = strings.TrimPrefix(below, "/")
		return slices.Contains(r.ours, "...") || slices.Contains(r.ours, below) || folder != "" && within(below, folder)
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return anyWithin(imported, r.outside)
	}
	return !anyWithin(imported, r.never)
}

func within(imported, folder string) bool {
	return imported == folder || strings.HasPrefix(imported, folder+"/")
}

func anyWithin(imported string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return within(imported, folder) })
}

// TestOnlyProgramsPrintExitAndReadTheEnvironment looks at each name that a file
// uses of another package.
func TestOnlyProgramsPrintExitAndReadTheEnvironment(t *testing.T) {
	for _, s := range sources(t, false) {
		if anyWithin(s.folder, programs) {
			continue
		}
		for name, imported := range s.imports {
			if within(imported, "log") {
				t.Errorf("%s: imports %s as %s: %s", s.name, imported, name, logs)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if why := s.offence(n); why != "" {
				t.Errorf("%s: %s", s.at(n), why)
			}
			return true
		})
	}
}

// offence says what is wrong with a node in a package that is no program, "" for
// nothing.
func (s source) offence(n ast.Node) string {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Recv == nil && n.Name.Name == "init" {
			return starts
		}
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
			return streams
		}
	case *ast.SelectorExpr:
		of, ok := n.X.(*ast.Ident)
		if !ok {
			return ""
		}
		imported := s.imports[of.Name]
		if pure := s.folder == "plan" || s.folder == "planner"; pure && imported == "time" && slices.Contains(clock, n.Sel.Name) {
			return "time." + n.Sel.Name + ": " + clocks
		}
		if why := forbidden[imported][n.Sel.Name]; why != "" {
			return imported + "." + n.Sel.Name + ": " + why
		}
	}
	return ""
}

var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// TestOffencesAreSeen holds the tests above to a file that does all that is
// forbidden.
func TestOffencesAreSeen(t *testing.T) {
	const text = `package planner
import (o "os"; "fmt"; "time")
func init() {}
func f() { o.Exit(1); _ = o.Getenv("A"); fmt.Println(); println(); _ = time.Now(); fmt.Fprintln(o.Stderr) }`
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "bad.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s := source{folder: "planner", name: "bad.go", file: file, set: set, imports: map[string]string{"o": "os", "fmt": "fmt", "time": "time"}}
	var seen []string
	ast.Inspect(file, func(n ast.Node) bool {
		if why := s.offence(n); why != "" {
			seen = append(seen, why)
		}
		return true
	})
	want := []string{starts, "os.Exit: " + exits, "os.Getenv: " + reads, "fmt.Println: " + streams, streams, "time.Now: " + clocks, "os.Stderr: " + streams}
	if !slices.Equal(seen, want) {
		t.Errorf("got  %q\nwant %q", seen, want)
	}
}

func TestImportsAreToldApart(t *testing.T) {
	for _, c := range []struct {
		folder, imported string
		want             bool
	}{
		{"planner", module + "/engine", true},
		{"planner", module + "/engine/docker", false},
		{"planner", "os", false},
		{"planner", "io/fs", false},
		{"planner", "maps", true},
		{"reconciler", module + "/spec", false},
		{"spec", "github.com/docker/docker/client", false},
		{"spec", "gopkg.in/yaml.v3", true},
		{"spec", composeGo + "loader", false},
		{"spec", module + "/spec/compose", true},
		{"spec/compose", composeGo + "schema", false},
		{"engine/memory", module + "/engine/docker", false},
		{"engine/docker/internal/wire", module + "/engine", true},
		{"cmd/stack", module + "/engine/docker", true},
		{"cmd/stack", "github.com/docker/docker/client", false},
		{"e2e/probe", module + "/spec", false},
		{"", module + "/cmd/stack/internal/progress", false},
	} {
		folder, ok := ruled(c.folder)
		if got := rules[folder].allows(c.folder, c.imported); !ok || got != c.want {
			t.Errorf("%s imports %s: allowed %v, want %v", c.folder, c.imported, got, c.want)
		}
	}
	if _, ok := ruled("elsewhere"); ok {
		t.Error("a package without a rule is accepted")
	}
}
