package engine

import (
	"context"
	"errors"
	"io"
)

// ErrDetached says that the user has typed the detach keys: what runs goes on.
var ErrDetached = errors.New("detached")

// Attachments connect a person with the program of a container.
type Attachments interface {
	// Attach connects the streams with a container's program until its output
	// ends, ctx does, or the detach keys are typed, which is an ErrDetached.
	Attach(ctx context.Context, container string, opts AttachOptions) error
}

// AttachOptions say what is connected. Writers that are nil get nothing.
type AttachOptions struct {
	Stdin      io.Reader // nil: none
	Stdout     io.Writer
	Stderr     io.Writer
	Resize     <-chan Size // sizes of the terminal; nil when there is none
	DetachKeys string      // such as ctrl-p,ctrl-q, which "" stands for
	// Attached is called when all is connected, so that a start after it loses
	// no output; its error ends the attachment. nil for nothing.
	Attached func() error
}
