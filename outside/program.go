package outside

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stackfile/stack/spec"
)

// A tool is a program that is run, with what it says of itself.
type tool struct {
	path string
	metadata
}

// find locates all programs that are needed for a verb, by provider; that of the
// model runner as modelRunner. What is missing is a *spec.FileError, with a
// finding of each.
func (o Options) find(ctx context.Context, s *spec.Stack, verb string, n needs) (map[string]tool, error) {
	out := map[string]tool{}
	var findings []spec.Finding
	for _, name := range n.providers {
		p := s.Providers[name]
		path, ok := o.locate(p.Type)
		if !ok {
			hint := fmt.Sprintf("put %s into PATH, or docker-%s among the docker command's plugins", p.Type, p.Type)
			findings = append(findings, finding(p.At, "services."+name+".provider.type", "there is no program "+p.Type, hint))
			continue
		}
		out[name] = tool{path, o.ask(ctx, path)}
		findings = append(findings, out[name].lacking(verb, p)...)
	}
	path, ok := o.plugin("model")
	out[modelRunner] = tool{path: path}
	for _, name := range n.models {
		if !ok {
			hint := "install Docker Model Runner (the package docker-model-plugin), or use a service that serves the model"
			findings = append(findings, finding(s.Models[name].At, "models."+name, "there is no program docker-model", hint))
		}
	}
	if len(findings) > 0 {
		return nil, &spec.FileError{Findings: findings}
	}
	return out, nil
}

// locate is the program of a provider: the docker command's plugin of that name,
// or else the one in PATH. compose is the name of another plugin.
func (o Options) locate(kind string) (string, bool) {
	if kind == "compose" {
		return "", false
	}
	if path, ok := o.plugin(kind); ok {
		return path, true
	}
	path, err := exec.LookPath(kind)
	return path, err == nil
}

// plugin is the docker command's plugin of a name.
func (o Options) plugin(name string) (string, bool) {
	for _, folder := range o.Plugins {
		path := filepath.Join(folder, "docker-"+name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, true
		}
	}
	return "", false
}

// provider runs a provider's program with docker compose's arguments, and
// returns the variables that lead to what it provides.
func (o Options) provider(ctx context.Context, t tool, verb, project string, p spec.Provider) (map[string]string, error) {
	args := slices.Concat([]string{"compose", "--project-name=" + project, verb}, t.options(verb, p), []string{p.Name})
	cmd := o.command(ctx, t.path, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	values, failure := o.read(p.Name, out)
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%s %s: %w%s", t.path, verb, err, said(failure, stderr.String()))
	}
	return values, failure
}

func (o Options) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = o.Dir, slices.DeleteFunc(slices.Clone(o.Env), ofDockerCommand)
	return cmd
}

// ofDockerCommand reports whether a variable would tell a plugin that the docker
// command has run it, and not somebody by itself.
func ofDockerCommand(variable string) bool {
	return strings.HasPrefix(variable, "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND=")
}

// said is what a program that failed has said of it.
func said(failure error, stderr string) string {
	text := strings.TrimSpace(stderr)
	if failure != nil {
		text = failure.Error()
	}
	if text == "" {
		return ""
	}
	return ": " + text
}

// read reads the lines of docker compose's protocol, one JSON object each, until
// the program's output is over. An error of the protocol is returned, and the
// output read on, so that the program does not hang.
func (o Options) read(name string, out io.Reader) (map[string]string, error) {
	values := map[string]string{}
	var failures []error
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		line := message{}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			line = message{"info", lines.Text()}
		}
		if err := o.heed(name, line, values); err != nil {
			failures = append(failures, err)
		}
	}
	_, err := io.Copy(io.Discard, out) // the rest, behind a line that is too long
	return values, errors.Join(append(failures, lines.Err(), err)...)
}

const longestLine = 1 << 20

// A message is a line of the protocol.
type message struct{ Type, Message string }

// heed does what a message asks for. Variables are set by their final names.
func (o Options) heed(name string, m message, values map[string]string) error {
	key, value, ok := strings.Cut(m.Message, "=")
	switch m.Type {
	case "setenv", "rawsetenv":
		if !ok || key == "" {
			return fmt.Errorf("%s %q: want KEY=VALUE", m.Type, m.Message)
		}
		if m.Type == "setenv" {
			key = spec.VariablePrefix(name) + key
		}
		values[key] = value
	case "error":
		return errors.New(m.Message)
	case "info":
		o.say(name, m.Message)
	case "debug":
	default:
		return fmt.Errorf("message of the type %q: not supported", m.Type)
	}
	return nil
}

func (o Options) say(who, text string) {
	if o.Say != nil {
		o.Say(who, text)
	}
}
