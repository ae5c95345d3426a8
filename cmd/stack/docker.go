package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
)

// openDocker is the engine that the environment names, as for the docker
// command.
func openDocker(ctx context.Context, env map[string]string) (engine.Engine, error) {
	config := dockerConfig(env)
	if err := onlyDefaultContext(env, config); err != nil {
		return nil, err
	}
	opts := docker.Options{
		Host: env["DOCKER_HOST"], ConfigDir: config, UserAgent: "stack/" + versionName(),
		Environment: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
	}
	if env["DOCKER_CERT_PATH"] != "" || env["DOCKER_TLS_VERIFY"] != "" {
		opts.CertDir = or(env["DOCKER_CERT_PATH"], config)
		opts.SkipVerify = env["DOCKER_TLS_VERIFY"] == ""
	}
	e, err := docker.Open(ctx, opts)
	if err != nil {
		return nil, err // and not a nil *docker.Engine, which would be an engine
	}
	return e, nil
}

// dockerConfig is the folder of the docker command's settings, "" for none.
func dockerConfig(env map[string]string) string {
	if config := env["DOCKER_CONFIG"]; config != "" || env["HOME"] == "" {
		return config
	}
	return filepath.Join(env["HOME"], ".docker")
}

// apiSocket is where the engine's machine has its socket, "" where that is not
// known: it is another machine, or a virtual one, into which Docker Desktop hands
// a socket of this one.
func apiSocket(env map[string]string) string {
	path, here := strings.CutPrefix(env["DOCKER_HOST"], "unix://")
	if !here || runtime.GOOS != "linux" || strings.Contains(path, "/.docker/desktop/") {
		return ""
	}
	return path
}

// onlyDefaultContext refuses the docker command's named contexts rather than
// work on another engine than the user means. DOCKER_HOST goes before them, as
// it does there.
func onlyDefaultContext(env map[string]string, config string) error {
	name, from := env["DOCKER_CONTEXT"], "DOCKER_CONTEXT"
	if name == "" && env["DOCKER_HOST"] == "" {
		name, from = currentContext(config), filepath.Join(config, "config.json")
	}
	if name == "" || name == "default" || env["DOCKER_HOST"] != "" {
		return nil
	}
	return &UsageError{
		fmt.Sprintf("docker context %q (%s): not supported yet", name, from),
		fmt.Sprintf("set DOCKER_HOST to what this prints: docker context inspect %s --format '{{.Endpoints.docker.Host}}'", name),
	}
}

// currentContext is what `docker context use` chose. A file that cannot be read
// chooses nothing; credentials from it are the engine's business.
func currentContext(config string) string {
	text, err := os.ReadFile(filepath.Join(config, "config.json"))
	if err != nil {
		return ""
	}
	var file struct{ CurrentContext string }
	if json.Unmarshal(text, &file) != nil {
		return ""
	}
	return file.CurrentContext
}
