package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/spec"
)

// openDocker is the Docker Engine that opts name.
func openDocker(ctx context.Context, opts docker.Options) (engine.Engine, error) {
	e, err := docker.Open(ctx, opts)
	if err != nil {
		return nil, err // and not a nil *docker.Engine, which would be an engine
	}
	return e, nil
}

// engineOptions say where the engine is, as for the docker command.
func (p *program) engineOptions() (docker.Options, error) {
	at, err := p.endpoint()
	return docker.Options{
		Host: at.Host, TLS: at.TLS, ConfigDir: dockerConfig(p.Env), SharedDir: privateDir(p.Env), UserAgent: "stack/" + versionName(),
		Environment: func(name string) (string, bool) { value, ok := p.Env[name]; return value, ok },
	}, err
}

// privateDir is a folder that is there, and only the user's: that of the session, or
// that of ssh; "" for none.
func privateDir(env map[string]string) string {
	if dir := env["XDG_RUNTIME_DIR"]; dir != "" || env["HOME"] == "" {
		return dir
	}
	return filepath.Join(env["HOME"], ".ssh")
}

// host is where the engine listens, "" for the default socket and where that cannot
// be told: opening it says why.
func (p *program) host() string {
	at, _ := p.endpoint()
	return at.Host
}

// distance is how far the engine is from the files here.
func (p *program) distance() spec.Distance {
	if p.enabled("STACK_SHARED_PATHS") {
		return spec.Here
	}
	return docker.Distance(p.host())
}

// endpoint is where the engine is: by DOCKER_HOST, by the context that DOCKER_CONTEXT
// names, by the one that `docker context use` chose, or at the default socket.
func (p *program) endpoint() (docker.Endpoint, error) {
	p.located.Do(func() { p.at, p.unlocated = p.locate() })
	return p.at, p.unlocated
}

func (p *program) locate() (docker.Endpoint, error) {
	name, from := contextOf(p.Env)
	if name == "" {
		return docker.Endpoint{Host: p.Env["DOCKER_HOST"], TLS: p.docker.over(environmentTLS(p.Env))}, nil
	}
	at, err := docker.Context(dockerConfig(p.Env), name)
	if unknown := new(docker.UnknownContextError); errors.As(err, &unknown) {
		return at, &UsageError{fmt.Sprintf("%s (%s)", unknown, from), contextHint(unknown.Known)}
	}
	return at, err
}

// contextOf names the docker command's context that counts and what chose it; ""
// when the environment itself says where the engine is.
func contextOf(env map[string]string) (name, from string) {
	config := dockerConfig(env)
	switch {
	case env["DOCKER_HOST"] != "":
		return "", ""
	case env["DOCKER_CONTEXT"] != "":
		name, from = env["DOCKER_CONTEXT"], "DOCKER_CONTEXT"
	case config != "":
		name, from = docker.CurrentContext(config), filepath.Join(config, "config.json")
	}
	if name == "default" {
		return "", ""
	}
	return name, from
}

// contextName is the docker command's name for where the engine is.
func (p *program) contextName() string {
	name, _ := contextOf(p.Env)
	return or(name, "default")
}

func contextHint(known []string) string {
	return "there are: " + strings.Join(append([]string{"default"}, known...), ", ") + "; see: docker context ls"
}

// environmentTLS is nil where the environment asks for no TLS.
func environmentTLS(env map[string]string) *docker.TLS {
	if env["DOCKER_CERT_PATH"] == "" && env["DOCKER_TLS_VERIFY"] == "" && env["DOCKER_TLS"] == "" {
		return nil
	}
	dir := or(env["DOCKER_CERT_PATH"], dockerConfig(env))
	out := docker.TLSIn(dir)
	out.CA = filepath.Join(dir, "ca.pem") // which must be there, unless nothing is verified
	out.SkipVerify = env["DOCKER_TLS_VERIFY"] == ""
	return out
}

// dockerConfig is the folder of the docker command's settings, "" for none.
func dockerConfig(env map[string]string) string {
	if config := env["DOCKER_CONFIG"]; config != "" || env["HOME"] == "" {
		return config
	}
	return filepath.Join(env["HOME"], ".docker")
}

// apiSocket is where the machine of the engine at host has its socket, "" where
// that is not known: it is another machine, or a virtual one, into which Docker
// Desktop hands a socket of this one.
func apiSocket(host string) string {
	path, here := strings.CutPrefix(host, "unix://")
	if !here || runtime.GOOS != "linux" || strings.Contains(path, "/.docker/desktop/") {
		return ""
	}
	return path
}
