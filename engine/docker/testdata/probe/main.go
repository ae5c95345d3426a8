// Command probe is the only program of the test image: it can become ready late,
// end with a code, ignore the request to end, and be its own healthcheck.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// ready exists once the program is ready.
const ready = "/ready"

func main() {
	act := os.Args[1]
	flags := flag.NewFlagSet(act, flag.ExitOnError)
	after := flags.Duration("after", 0, "run: ready after this; exit: end after this")
	code := flags.Int("code", 0, "exit: the exit code")
	deaf := flags.Bool("deaf", false, "run: ignore SIGTERM")
	_ = flags.Parse(os.Args[2:])
	switch act {
	case "run":
		run(*after, *deaf)
	case "exit":
		fmt.Println("the end is near")
		time.Sleep(*after)
		os.Exit(*code)
	case "check":
		check()
	case "hang":
		fmt.Println("hanging")
		select {}
	case "cat":
		_, _ = io.Copy(os.Stdout, os.Stdin)
	case "show":
		show(flags.Args())
	}
}

func run(after time.Duration, deaf bool) {
	_ = os.Remove(ready)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	time.AfterFunc(after, func() {
		fmt.Println("ready")
		_ = os.WriteFile(ready, nil, 0o644)
	})
	for range signals {
		if !deaf {
			os.Exit(0)
		}
	}
}

func check() {
	if _, err := os.Stat(ready); err != nil {
		fmt.Println("not ready yet")
		os.Exit(1)
	}
	fmt.Println("ready")
}

// show prints what it sees, for tests of files and environment.
func show(paths []string) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Println(err)
			continue
		}
		content, _ := os.ReadFile(path)
		owner := info.Sys().(*syscall.Stat_t)
		fmt.Printf("%s %o %d:%d %s\n", path, info.Mode().Perm(), owner.Uid, owner.Gid, content)
	}
	fmt.Fprintln(os.Stderr, "user", os.Getuid(), "env", os.Getenv("PROBE"))
}
