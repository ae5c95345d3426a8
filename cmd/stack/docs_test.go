package main

import (
	"flag"
	"os"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write golden files and docs/cli.md anew")

func TestDocsAreCurrent(t *testing.T) {
	const file = "../../docs/cli.md"
	got := document(rootCommand(&program{Environment: Environment{Now: time.Now}}))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("docs/cli.md is not what the commands say; run: go test ./cmd/stack -run Docs -update")
	}
}
