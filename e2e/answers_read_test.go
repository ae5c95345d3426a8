//go:build e2e

package e2e_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// read is an answer without what moves between two calls, without the name and
// version of the program, and, where docker compose has no order, in one.
func read(t testing.TB, form, text string) string {
	t.Helper()
	text = regexp.MustCompile(`(?m)^(Docker Compose|stack) version \S+$`).ReplaceAllString(text, "NAME version VERSION")
	text = regexp.MustCompile(`(?m)^(\{"version":")?(dev|v?\d+\.\d+\.\S*?)("\})?$`).ReplaceAllString(text, "${1}VERSION$3")
	switch form {
	case "lines":
		return inOrder(text)
	case "padded": // docker compose widens the prefixes as it meets their containers
		return inOrder(regexp.MustCompile(` +\|`).ReplaceAllString(text, " |"))
	case "numbers":
		return measured(text)
	case "yaml":
		return model(t, yaml.Unmarshal, text)
	case "json":
		return values(t, text)
	}
	return text
}

// timeless leaves out how long ago something was, and how wide that is.
func timeless(text string) string {
	text = regexp.MustCompile(`(Less than a second|About a minute|\d+ (seconds?|minutes?))`).ReplaceAllString(text, "TIME")
	return regexp.MustCompile(` {2,}`).ReplaceAllString(text, "  ")
}

func inOrder(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

// measured leaves of a table the rows and columns, and of what changes only
// that it is there.
func measured(text string) string {
	text = regexp.MustCompile(`\d+(\.\d+)?%`).ReplaceAllString(text, "N%")
	text = regexp.MustCompile(`\d+(\.\d+)?([KMG]iB|B) /`).ReplaceAllString(text, "N /")
	text = regexp.MustCompile(`\d+(\.\d+)?k?B`).ReplaceAllString(text, "NB")
	text = regexp.MustCompile(`(?m)"PIDs":"\d+"|\d+$`).ReplaceAllString(text, "N")
	return regexp.MustCompile(` {2,}`).ReplaceAllString(text, "  ")
}

// model is a resolved file, key by key, without what the differences list.
func model(t testing.TB, parse func([]byte, any) error, text string) string {
	t.Helper()
	w := world{}
	w.model(t, "yaml", parse, text)
	rules := differencesListed(t)
	var lines []string
	for _, at := range slices.Sorted(maps.Keys(w)) {
		if !rules.expect(deviation{path: at}, answering) {
			lines = append(lines, fmt.Sprintf("%s = %v\n", at, w[at]))
		}
	}
	return strings.Join(lines, "")
}

// values are JSON values, those of an array too, in one order, with the lists
// that are texts in one order.
func values(t testing.TB, text string) string {
	t.Helper()
	var lines []string
	for d := json.NewDecoder(bufio.NewReader(strings.NewReader(text))); ; {
		var v any
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Errorf("%v in\n%s", err, text)
			break
		}
		list, is := v.([]any)
		if !is {
			list = []any{v}
		}
		for _, v := range list {
			lines = append(lines, value(v))
		}
	}
	return strings.Join(slices.Sorted(slices.Values(lines)), "\n") + "\n"
}

func value(v any) string {
	if row, is := v.(map[string]any); is {
		for _, field := range []string{"Labels", "Networks", "Mounts"} {
			if list, is := row[field].(string); is {
				row[field] = strings.Join(slices.Sorted(slices.Values(strings.Split(list, ","))), ",")
			}
		}
	}
	text, _ := json.Marshal(v) // it was JSON
	return string(text)
}
