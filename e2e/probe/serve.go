package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// behaviour is what a server is asked to be like.
type behaviour struct {
	address    string
	readyAfter time.Duration
	unhealthy  bool
	exit       int
	exitAfter  time.Duration
	ignoreTerm bool
	relay      string
}

func parse(args []string) (b behaviour, err error) {
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.StringVar(&b.address, "address", defaultAddress, "listen here")
	flags.DurationVar(&b.readyAfter, "ready-after", 0, "answer /health with 503 for so long")
	flags.BoolVar(&b.unhealthy, "unhealthy", false, "answer /health with 503 always")
	flags.IntVar(&b.exit, "exit", -1, "exit with this code; -1: never")
	flags.DurationVar(&b.exitAfter, "exit-after", 0, "after so long")
	flags.BoolVar(&b.ignoreTerm, "ignore-term", false, "go on after SIGTERM")
	flags.StringVar(&b.relay, "relay", "", "answer /relay with what is at this URL")
	flags.VisitAll(func(f *flag.Flag) {
		key := "PROBE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := os.Getenv(key); value != "" && err == nil {
			err = f.Value.Set(value)
		}
	})
	if err == nil {
		err = flags.Parse(args)
	}
	return b, err
}

// serve serves until it is told to stop, or until its time is up. It says
// "serving", "ready" and "stopping", each on a line.
func serve(args []string) (int, error) {
	b, err := parse(args)
	if err != nil {
		return 2, err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if b.exit >= 0 && b.exitAfter == 0 {
		return b.exit, nil
	}
	failed := make(chan error, 1)
	go func() { failed <- http.ListenAndServe(b.address, b.handler()) }()
	fmt.Println("serving")
	return b.live(signals, failed)
}

func (b behaviour) live(signals <-chan os.Signal, failed <-chan error) (int, error) {
	var ready, over <-chan time.Time
	if !b.unhealthy {
		ready = time.After(b.readyAfter)
	}
	if b.exit >= 0 {
		over = time.After(b.exitAfter)
	}
	for {
		select {
		case <-ready:
			fmt.Println("ready")
		case <-over:
			return b.exit, nil
		case err := <-failed:
			return 1, err
		case <-signals:
			if b.ignoreTerm {
				fmt.Println("not stopping")
				continue
			}
			fmt.Println("stopping")
			return 0, nil
		}
	}
}

// handler answers / with the host's name, /env/KEY with a value of the
// environment, /relay with what another server says, and /health as asked.
func (b behaviour) handler() http.Handler {
	begun := time.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		if b.unhealthy || time.Since(begun) < b.readyAfter {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/env/{key}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, os.Getenv(r.PathValue("key")))
	})
	mux.HandleFunc("/relay", func(w http.ResponseWriter, r *http.Request) {
		var answer strings.Builder
		if err := get(r.Context(), &answer, b.relay); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, answer.String())
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		host, _ := os.Hostname()
		fmt.Fprintln(w, host)
	})
	return mux
}
