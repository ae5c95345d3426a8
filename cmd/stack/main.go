// Command stack brings up what a stack file describes, and takes it down again.
// It turns flags into options and results into text or JSON; it never decides
// what to do with an engine, which package stack and those below it do.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
)

func main() {
	// Libraries of the engine's client and of compose-go log there; what is
	// worth saying stack says itself.
	logrus.SetOutput(io.Discard)
	if os.Getenv("GOGC") == "" {
		// Most runs are over before there is anything worth collecting: the
		// heap of one with a hundred services grows by less than 10 MB.
		debug.SetGCPercent(300)
	}
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	dir, _ := os.Getwd() // without one, relative paths are errors of their own
	os.Exit(Run(context.Background(), Environment{
		Name: programName(os.Args[0]), Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Env: environ(os.Environ()), Dir: dir, Interrupts: signalled(interrupts, os.Getenv(pluginSocket)),
		OpenEngine: openDocker, Now: time.Now,
	}))
}

func environ(lines []string) map[string]string {
	env := make(map[string]string, len(lines))
	for _, line := range lines {
		key, value, _ := strings.Cut(line, "=")
		env[key] = value
	}
	return env
}
