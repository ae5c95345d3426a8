//go:build e2e

package e2e_test

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"sync"
)

// An exchange is one call while it is at the wire.
type exchange struct {
	call
	rw     http.ResponseWriter
	r      *http.Request
	engine http.Handler
}

// forward has the engine carry the call out, and hands its answer on.
func (x *exchange) forward() { x.engine.ServeHTTP(x.rw, x.r) }

// fail answers as the engine does when it cannot, without it.
func (x *exchange) fail(status int) {
	x.rw.Header().Set("Content-Type", "application/json")
	x.rw.WriteHeader(status)
	_ = json.NewEncoder(x.rw).Encode(map[string]string{"message": "injected: " + http.StatusText(status)})
}

// drop ends the connection without a word.
func (x *exchange) drop() { panic(http.ErrAbortHandler) }

// answered has the engine carry the call out, and calls do before a byte of its
// answer is handed on.
func (x *exchange) answered(do func()) {
	x.engine.ServeHTTP(&gate{ResponseWriter: x.rw, do: sync.OnceFunc(do)}, x.r)
}

// truncate hands half of the answer on, and ends the connection.
func (x *exchange) truncate() { x.engine.ServeHTTP(&half{x.rw}, x.r) }

// garble hands an answer on that is of the right kind, and no JSON.
func (x *exchange) garble() {
	x.answered(func() {
		x.rw.Header().Set("Content-Type", "application/json")
		x.rw.Header().Del("Content-Length")
		x.rw.WriteHeader(http.StatusOK)
		_, _ = x.rw.Write([]byte("\x00<html>garbage"))
		panic(written{})
	})
}

// written ends an exchange whose answer is complete.
type written struct{}

// A gate does something when the engine answers.
type gate struct {
	http.ResponseWriter
	do func()
}

func (g *gate) WriteHeader(status int) {
	g.do()
	g.ResponseWriter.WriteHeader(status)
}

func (g *gate) Write(p []byte) (int, error) {
	g.do()
	return g.ResponseWriter.Write(p)
}

func (g *gate) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	g.do()
	return http.NewResponseController(g.ResponseWriter).Hijack()
}

func (g *gate) Unwrap() http.ResponseWriter { return g.ResponseWriter }

// half lets through the first half of what is first written, which is all of a
// short answer. An answer without a body, and that of an exec, is dropped.
type half struct{ http.ResponseWriter }

func (h *half) WriteHeader(status int) {
	if status == http.StatusNoContent || status == http.StatusNotModified {
		panic(http.ErrAbortHandler)
	}
	h.ResponseWriter.WriteHeader(status)
}

func (h *half) Write(p []byte) (int, error) {
	_, _ = h.ResponseWriter.Write(p[:len(p)/2])
	_ = http.NewResponseController(h.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (h *half) Hijack() (net.Conn, *bufio.ReadWriter, error) { panic(http.ErrAbortHandler) }

func (h *half) Unwrap() http.ResponseWriter { return h.ResponseWriter }
