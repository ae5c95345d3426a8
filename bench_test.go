package stack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// many is a stack of n services, each depending on the one ten before it, as
// its file gives it.
func many(b *testing.B, n int) *spec.Stack {
	b.Helper()
	var text strings.Builder
	text.WriteString("name: many\nservices:\n")
	for i := range n {
		fmt.Fprintf(&text, "  s%d:\n    image: web:1\n    environment: {A: x}\n    ports: ['%d:80']\n", i, 10000+i)
		if i >= 10 {
			fmt.Fprintf(&text, "    depends_on: [s%d]\n", i-10)
		}
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stack.yaml"), []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	desired, err := stack.Load(b.Context(), spec.LoadOptions{Dir: dir, Env: map[string]string{}})
	if err != nil {
		b.Fatal(err)
	}
	return desired
}

// BenchmarkUp looks, plans and applies on the engine in memory: a first time,
// and again when there is nothing to do.
func BenchmarkUp(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprintf("first/%d", n), func(b *testing.B) {
			desired := many(b, n)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				e := withImage()
				b.StartTimer()
				bring(b, e, desired)
			}
		})
		b.Run(fmt.Sprintf("nothing/%d", n), func(b *testing.B) {
			desired, e := many(b, n), withImage()
			bring(b, e, desired)
			b.ReportAllocs()
			for b.Loop() {
				bring(b, e, desired)
			}
		})
	}
}

func withImage() *memory.Engine {
	e := memory.New()
	e.SetImage("web:1", engine.Image{ID: "sha256:web"})
	return e
}

func bring(b *testing.B, e *memory.Engine, desired *spec.Stack) {
	b.Helper()
	if _, err := stack.Apply(b.Context(), e, stack.Up(desired, planner.Options{}), stack.Options{}); err != nil {
		b.Fatal(err)
	}
}
