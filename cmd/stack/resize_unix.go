//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/stackfile/stack/engine"
)

// resizes tells the size of a terminal now and after each change, until ctx
// ends. The present one can be had at once.
func resizes(ctx context.Context, stdout io.Writer) <-chan engine.Size {
	f, ok := stdout.(*os.File)
	if !ok {
		return nil
	}
	sizes, changes := make(chan engine.Size, 1), make(chan os.Signal, 1)
	signal.Notify(changes, unix.SIGWINCH)
	tell := func() {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			select {
			case sizes <- engine.Size{Width: uint(w), Height: uint(h)}:
			case <-ctx.Done():
			}
		}
	}
	tell()
	go func() {
		defer signal.Stop(changes)
		for {
			select {
			case <-changes:
				tell()
			case <-ctx.Done():
				return
			}
		}
	}()
	return sizes
}
