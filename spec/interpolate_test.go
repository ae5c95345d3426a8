package spec

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/sirupsen/logrus"
)

func lookupIn(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

// interpolate is how compose-go substitutes variables on our behalf in tests.
func interpolate(text string, lookup func(string) (string, bool)) (string, error) {
	s := substitution{lookup: lookup}
	value := s.expand(text)
	if len(s.errs) > 0 {
		return "", fmt.Errorf("%q: %w", shorten(text), s.errs[0])
	}
	return value, nil
}

func TestVariables(t *testing.T) {
	vars := map[string]string{"A": "a", "EMPTY": "", "B_2": "b"}
	for text, want := range map[string]string{
		"":                          "",
		"plain":                     "plain",
		"$A${A}":                    "aa",
		"$A-$B_2.":                  "a-b.",
		"$$A $${A} $$$A":            "$A ${A} $a",
		"a$":                        "a$",
		"$1 $ $-":                   "$1 $ $-",
		"${NO:-x}${NO-y}${A:-z}":    "xya",
		"${EMPTY:-x}${EMPTY-y}":     "x",
		"${A:+x}${EMPTY:+y}${NO+z}": "x",
		"${EMPTY+x}":                "x",
		"${NO:-${NO2:-${A}}}!":      "a!",
		"${NO:-a}b}":                "ab}",
		"${A:?must} ${EMPTY?must}":  "a ",
		"${NO:-http://x:1/?a=b}":    "http://x:1/?a=b",
		"${NO} is nothing":          " is nothing",
	} {
		got, err := interpolate(text, lookupIn(vars))
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestVariablesThatFail(t *testing.T) {
	for text, want := range map[string]string{
		"${NO?}":            "variable NO is required",
		"${NO:?why $A not}": "variable NO is required: why a not",
		"${EMPTY:?set it}":  "variable EMPTY is required: set it",
		"${}":               "malformed variable",
		"${1}":              "malformed variable",
		"${A":               "malformed variable",
		"${A b}":            "malformed variable",
		"${A:}":             "malformed variable",
		"${A:-x":            "malformed variable",
	} {
		_, err := interpolate(text, lookupIn(map[string]string{"A": "a", "EMPTY": ""}))
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// Ours is the only substitution, so it must be docker compose's.
func FuzzVariablesAsComposeGo(f *testing.F) {
	for _, seed := range []string{
		"$A ${A} $$ ${NO:-d${A}} ${NO?e}", "${EMPTY:+${A}}${A:-{x}}", "${A:-}}{", "${NO:-\n}", "${A-b:-c} ${NO:?x}y}", "$${A:-$B}",
	} {
		f.Add(seed)
	}
	logrus.SetOutput(io.Discard)
	ascii := regexp.MustCompile(`^[\n\x20-\x7e]*$`)
	f.Fuzz(func(t *testing.T, text string) {
		if !ascii.MatchString(text) || strings.Count(text, "{") > 8 {
			t.Skip("compose-go folds some letters beyond ASCII into the alphabet")
		}
		lookup := lookupIn(map[string]string{"A": "a", "EMPTY": "", "B": "$A}"})
		want, wantErr := template.Substitute(text, lookup)
		got, err := interpolate(text, lookup)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: got %v, compose-go %v", text, err, wantErr)
		}
		if err == nil && got != want {
			t.Fatalf("%q: got %q, compose-go %q", text, got, want)
		}
		var missing *missingError
		var theirs *template.MissingRequiredError
		if errors.As(wantErr, &theirs) && errors.As(err, &missing) && missing.name != theirs.Variable {
			t.Fatalf("%q: got %v, compose-go %v", text, err, wantErr)
		}
	})
}
