package lock

import (
	"reflect"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
)

// Whatever the label of a lock holds, it names a holder or is an error; and a
// holder is the same after its own label.
func FuzzHolder(f *testing.F) {
	h := Holder{Identity{"host", "boot", "pid:1 time:2", 42, 1234}, "nonce", "stack up", time.Date(2026, time.November, 1, 0, 0, 0, 1, time.UTC)}
	f.Add(h.encode())
	f.Add(`{"nonce":"n","since":"2026-11-01T00:00:00+23:59"}`)
	f.Add(`{"pid":-1}`)
	f.Fuzz(func(t *testing.T, label string) {
		h, err := decode(map[string]string{engine.LabelHolder: label})
		if err != nil {
			return
		}
		if h.String() == "" {
			t.Fatalf("%s: nobody", label)
		}
		again, err := decode(map[string]string{engine.LabelHolder: h.encode()})
		if err != nil {
			t.Fatalf("%s: its own label %q: %v", label, h.encode(), err)
		}
		if !again.Since.Equal(h.Since) {
			t.Fatalf("%s: since %s, and again %s", label, h.Since, again.Since)
		}
		again.Since = h.Since
		if !reflect.DeepEqual(again, h) {
			t.Fatalf("%s: %+v, and again %+v", label, h, again)
		}
	})
}
