package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkLoad reads files of so many services.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{30, 100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "stack.yaml"), []byte(manyServices(n)), 0o600); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(b.Context(), LoadOptions{Dir: dir}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// manyServices is the text of a file of n services, each depending on the one
// ten before it.
func manyServices(n int) string {
	var text strings.Builder
	text.WriteString("name: many\nservices:\n")
	for i := range n {
		fmt.Fprintf(&text, "  s%d:\n    image: web:1\n    environment: {A: x}\n    ports: ['%d:80']\n", i, 10000+i)
		if i >= 10 {
			fmt.Fprintf(&text, "    depends_on: [s%d]\n", i-10)
		}
	}
	return text.String()
}
