//go:build linux

// Command bench measures stack against a floor and against its peers, on a real
// engine: how long what users wait for takes, how often the engine is called,
// and how much memory is used. It knows nothing of how stack works, and it
// asserts nothing: it prints medians, for a person to read.
//
//	go run ./e2e/bench [-runs N] [-run REGEXP] [-stack PROGRAM] [-peer PROGRAM]
//
// See docs/performance.md.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "floor" {
		exit(floor(os.Args[2]))
	}
	var o options
	flag.IntVar(&o.runs, "runs", 5, "runs of each")
	filter := flag.String("run", "", "only scenarios whose name matches")
	flag.StringVar(&o.stack, "stack", "bin/stack", "the program to measure")
	peer := flag.String("peer", os.Getenv("PEER"), "a program to compare with, that takes the arguments of docker compose; \"none\" for none (default: what is found)")
	flag.Parse()
	var err error
	if o.only, err = regexp.Compile(*filter); err != nil {
		exit(err)
	}
	if o.stack, err = filepath.Abs(o.stack); err != nil {
		exit(err)
	}
	o.peer = findPeer(*peer)
	exit(measure(o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

type options struct {
	runs  int
	only  *regexp.Regexp
	stack string
	peer  []string // its command; nil for none
}

// besideTests is where scripts/setup puts the docker compose that tests use.
const besideTests = "/usr/local/lib/stack-test/docker-compose"

// findPeer returns the command of a docker compose that answers.
func findPeer(named string) []string {
	if named == "none" {
		return nil
	}
	for _, command := range []string{named, "docker compose", "docker-compose", besideTests} {
		words := strings.Fields(command)
		if len(words) > 0 && exec.Command(words[0], append(words[1:], "version")...).Run() == nil {
			return words
		}
	}
	if named != "" {
		exit(fmt.Errorf("peer %q: does not answer", cmp.Or(named, "docker compose")))
	}
	return nil
}
