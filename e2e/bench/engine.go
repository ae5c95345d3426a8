//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// An engine is the Engine API as such, without a library on top.
type engine struct{ client *http.Client }

// address is where DOCKER_HOST says that the engine listens.
func address(host string) (network, addr string) {
	if host == "" {
		host = "unix:///var/run/docker.sock"
	}
	network, addr, _ = strings.Cut(host, "://")
	return network, addr
}

func newEngine(host string) *engine {
	network, addr := address(host)
	return &engine{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		MaxIdleConnsPerHost: 32,
	}}}
}

func (e *engine) get(path string, into any) error {
	answer, err := e.client.Get("http://engine/v1.41" + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 400 {
		return fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// An object is what lists say of containers, networks and volumes.
type object struct {
	ID    string `json:"Id"`
	Name  string
	Names []string
}

// labelled is a filter for what belongs to a project.
func labelled(key, value string) string {
	text, _ := json.Marshal(map[string][]string{"label": {key + "=" + value}}) // strings always have a form
	return url.QueryEscape(string(text))
}

// sweep removes all that a project has left.
func (e *engine) sweep(project string) error {
	var containers, networks []object
	var volumes struct{ Volumes []object }
	mine := labelled("com.docker.compose.project", project)
	if err := e.get("/containers/json?all=1&filters="+mine, &containers); err != nil {
		return err
	}
	var chains [][]call
	for _, c := range containers {
		chains = append(chains, []call{{Method: "DELETE", Path: "/containers/" + c.ID + "?force=1&v=1"}})
	}
	if err := (script{Parallel: 4}).stage(e, chains); err != nil {
		return err
	}
	if err := e.get("/networks?filters="+mine, &networks); err != nil {
		return err
	}
	for _, n := range networks {
		if err := e.send(call{Method: "DELETE", Path: "/networks/" + n.ID}); err != nil {
			return err
		}
	}
	for _, key := range []string{"com.docker.compose.project", "dev.stack.lock"} {
		if err := e.get("/volumes?filters="+labelled(key, project), &volumes); err != nil {
			return err
		}
		for _, v := range volumes.Volumes {
			if err := e.send(call{Method: "DELETE", Path: "/volumes/" + v.Name}); err != nil {
				return err
			}
		}
	}
	return e.sweepImages(project)
}

// sweepImages removes what was built for the project, by name: an image may
// have other names.
func (e *engine) sweepImages(project string) error {
	var images []struct{ RepoTags []string }
	if err := e.get("/images/json", &images); err != nil {
		return err
	}
	for _, i := range images {
		for _, tag := range i.RepoTags {
			// What was built, and what stack keeps for a rollback.
			if strings.HasPrefix(tag, project+"-") || strings.HasPrefix(tag, "stack-gen/"+project+":") {
				if err := e.send(call{Method: "DELETE", Path: "/images/" + tag}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// A proxy stands between a program and the engine and counts its calls.
type proxy struct {
	host string // for DOCKER_HOST
	stop func()

	mu    sync.Mutex // calls come on many connections
	tally *tally
}

var apiVersion = regexp.MustCompile(`^/v\d+\.\d+`)

func newProxy() (*proxy, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	p := &proxy{host: "unix://" + socket, tally: newTally()}
	hand := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "engine"})
			r.Out.Host = r.In.Host
		},
		FlushInterval: -1, // events are followed
		Transport:     newEngine(os.Getenv("DOCKER_HOST")).client.Transport,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.tally.add(r.Method, apiVersion.ReplaceAllString(r.URL.Path, ""))
		p.mu.Unlock()
		hand.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	p.stop = func() {
		_ = server.Close()
		_ = os.RemoveAll(dir)
	}
	return p, nil
}

// taken returns the calls since it was asked last.
func (p *proxy) taken() *tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tally
	p.tally = newTally()
	return t
}
