package spec

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

// Package compose does what compose-go's loader does; this holds the two to the
// same projects and models, whatever is left out.
func TestModelsAreThoseOfComposeGo(t *testing.T) {
	logrus.SetOutput(io.Discard)
	compared := 0
	for _, s := range scenarios(t, "*/*.txtar") {
		t.Run(s.name(), func(t *testing.T) {
			s.prepare(t)
			compared += compareModels(t, func() LoadOptions {
				s.opts.Stdin = strings.NewReader(s.stdin)
				return s.opts
			})
		})
	}
	for _, s := range scenarios(t, "models/*.txtar") {
		s.prepare(t)
		for _, raw := range []bool{false, true} {
			r, err := readUnchecked(context.Background(), s.opts, raw)
			if err != nil {
				t.Fatalf("%s: %v", s.path, err)
			}
			if _, err := r.project(loadModes{noCheck: true}); err != nil && !raw {
				t.Errorf("%s: %v", s.path, err)
			}
			if _, err := r.model(loadModes{}); err != nil {
				t.Errorf("%s, raw %v: %v", s.path, raw, err)
			}
		}
	}
	if compared < 400 {
		t.Errorf("only %d models were compared: the files are not what they were", compared)
	}
}

// FuzzModels looks for a file of which the two make different things.
func FuzzModels(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	logrus.SetOutput(io.Discard)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "/dev/") || strings.Contains(text, "/proc/") {
			t.Skip("such files may not end")
		}
		compareModels(t, func() LoadOptions {
			return LoadOptions{
				Dir: dir, Files: []string{"-"}, Project: "fuzz", Stdin: strings.NewReader(text),
				Env: map[string]string{"A": "a", "EMPTY": ""},
			}
		})
	})
}

// compareModels compares all that can be made of files whose values have the
// right types, and returns how much that was.
func compareModels(t *testing.T, options func() LoadOptions) int {
	t.Helper()
	compared := 0
	for _, raw := range []bool{false, true} {
		r, err := readUnchecked(context.Background(), options(), raw)
		if err != nil {
			return compared
		}
		for _, modes := range []loadModes{{}, {noNormalize: true}, {noPaths: true, noCheck: true}, {true, true, true}} {
			what := fmt.Sprintf("raw %v, %+v", raw, modes)
			compareModel(t, what, r, modes)
			compared++
			if !raw {
				compareProject(t, what, r, modes)
				compared++
			}
		}
	}
	return compared
}

func compareModel(t *testing.T, what string, r *reading, modes loadModes) {
	t.Helper()
	want, wantErr := theirModel(r, modes)
	got, err := r.model(modes)
	if bothFail(t, what, err, wantErr) {
		return
	}
	if r.scope.raw {
		unlooked(got, want)
	}
	// By their texts: a number may have another type on the way.
	if a, b := modelText(t, got), modelText(t, want); a != b {
		t.Errorf("%s: the model differs:\n%s", what, firstDifference(a, b))
	}
}

func compareProject(t *testing.T, what string, r *reading, modes loadModes) {
	t.Helper()
	want, wantErr := theirProject(r, modes)
	got, err := r.project(modes)
	if bothFail(t, what, err, wantErr) {
		return
	}
	sortKeys(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: the project differs:\n%s", what, firstDifference(projectText(t, got), projectText(t, want)))
	}
}

// unlooked takes away the values that compose-go looks up in the env files of
// what is included, although variables are to stay as they are: those of secrets and
// configs too. Nobody is to read them.
func unlooked(got, want map[string]any) {
	for _, section := range []string{"secrets", "configs", "services", "jobs"} {
		ours, _ := got[section].(map[string]any)
		theirs, _ := want[section].(map[string]any)
		for name := range theirs {
			a, _ := ours[name].(map[string]any)
			b, _ := theirs[name].(map[string]any)
			delete(b, types.SecretConfigXValue)
			if section == "configs" && b["environment"] != nil {
				delete(b, "content")
			}
			onlyNames(a, b)
		}
	}
}

func onlyNames(ours, theirs map[string]any) {
	a, _ := ours["environment"].([]any)
	b, _ := theirs["environment"].([]any)
	for i := range min(len(a), len(b)) {
		if name, text := fmt.Sprint(a[i]), fmt.Sprint(b[i]); strings.HasPrefix(text, name+"=") {
			b[i] = a[i]
		}
	}
}

// bothFail reports whether there is an error on any side; there has to be one
// on both. Where compose-go panics we need not.
func bothFail(t *testing.T, what string, got, want error) bool {
	t.Helper()
	panicked := want != nil && strings.HasPrefix(want.Error(), "compose-go: ")
	if (got == nil) != (want == nil) && !panicked {
		t.Errorf("%s: got %v, compose-go %v", what, got, want)
	}
	return got != nil || want != nil
}

// firstDifference shows where two texts begin to differ.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("after %q\ngot %q\ncompose-go %q", a[max(0, i-4):i], a[i:min(i+3, len(a))], b[i:min(i+3, len(b))])
}

func modelText(t *testing.T, model map[string]any) string {
	t.Helper()
	text, err := json.MarshalIndent(model, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func projectText(t *testing.T, p *types.Project) string {
	t.Helper()
	text, err := p.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func theirProject(r *reading, modes loadModes) (p *types.Project, err error) {
	defer recovered(&err)
	return loader.LoadWithContext(context.Background(), theirDetails(r), theirOptions(r, modes))
}

func theirModel(r *reading, modes loadModes) (model map[string]any, err error) {
	defer recovered(&err)
	return loader.LoadModelWithContext(context.Background(), theirDetails(r), theirOptions(r, modes))
}

func theirDetails(r *reading) types.ConfigDetails {
	// Raw, compose-go looks values of variables up where only the name stands, those
	// of secrets too. We do not, and docker compose config has no environment then.
	details := types.ConfigDetails{WorkingDir: r.dir, Environment: maps.Clone(r.scope.lookedUp())}
	for _, src := range r.sources {
		name := cmpOr(src.path, src.name)
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: name, Content: src.text})
	}
	return details
}

func theirOptions(r *reading, modes loadModes) func(*loader.Options) {
	return func(o *loader.Options) {
		o.SetProjectName(r.name, true)
		o.Profiles = r.profiles
		o.SkipValidation = true
		o.SkipInterpolation = r.scope.raw
		o.SkipNormalization = modes.noNormalize
		o.SkipConsistencyCheck = modes.noCheck
		o.ResolvePaths = !modes.noPaths
		o.SkipResolveEnvironment, o.SkipResolveLabels = true, true
		o.Interpolate = &interpolation.Options{
			Substitute:      func(text string, lookup template.Mapping) (string, error) { return interpolate(text, lookup) },
			LookupValue:     func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
			TypeCastMapping: theirCasts(),
		}
	}
}

func theirCasts() map[tree.Path]interpolation.Cast {
	out := maps.Clone(loader.ToOptions(&types.ConfigDetails{}, nil).Interpolate.TypeCastMapping)
	out["services.*.x-stack.update.shared_volumes"] = out["services.*.tty"]
	return out
}

// What is cast, and to what, is compose-go's table and our own extension.
func TestCastsAreThoseOfComposeGo(t *testing.T) {
	logrus.SetOutput(io.Discard)
	theirs := theirCasts()
	for path, cast := range theirs {
		at := casts()
		for _, step := range path.Parts() {
			at = at.next(step)
		}
		if at == nil || at.cast == nil {
			t.Errorf("%s is not cast", path)
			continue
		}
		for _, text := range []string{"1", "-1", "0.5", "010", "0o10", "true", "No", "ON", "x", ""} {
			want, wantErr := cast(text)
			got, err := at.cast(text)
			if (err == nil) != (wantErr == nil) || err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %q is %v, %v; compose-go has %v, %v", path, text, got, err, want, wantErr)
			}
		}
	}
	if ours := leaves(casts()); ours != len(theirs) {
		t.Errorf("%d paths are cast, compose-go casts %d", ours, len(theirs))
	}
}

func leaves(c *castTree) int {
	n := 0
	if c.cast != nil {
		n++
	}
	for _, child := range c.children {
		n += leaves(child)
	}
	return n
}
