//go:build !unix

package main

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/stackfile/stack/engine"
)

// resizes tells the size of a terminal once: there is no signal for changes.
func resizes(_ context.Context, stdout io.Writer) <-chan engine.Size {
	f, ok := stdout.(*os.File)
	if !ok {
		return nil
	}
	sizes := make(chan engine.Size, 1)
	if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
		sizes <- engine.Size{Width: uint(w), Height: uint(h)}
	}
	return sizes
}
