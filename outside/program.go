package outside

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stackfile/stack/spec"
)

// find locates all programs that are needed, by provider; that of the model
// runner as modelRunner.
func (o Options) find(s *spec.Stack, n needs) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range n.providers {
		kind := s.Providers[name].Type
		path, ok := o.plugin(kind)
		if !ok {
			var err error
			if path, err = exec.LookPath(kind); err != nil {
				return nil, &MissingError{"provider " + name, kind, fmt.Sprintf("put %s into PATH, or docker-%s among the docker command's plugins", kind, kind)}
			}
		}
		out[name] = path
	}
	if len(n.models) > 0 {
		path, ok := o.plugin("model")
		if !ok {
			return nil, &MissingError{"model " + n.models[0], "docker-model", "install Docker Model Runner (the package docker-model-plugin), or use a service that serves the model"}
		}
		out[modelRunner] = path
	}
	return out, nil
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

// provider runs a provider's program with docker compose's arguments, and reads
// from its output the lines of docker compose's protocol: one JSON object each,
// with a type, which is info, error, debug or setenv, and a message.
func (o Options) provider(ctx context.Context, program, verb, project string, p spec.Provider) (map[string]string, error) {
	args := []string{"compose", "--project-name=" + project, verb}
	for _, key := range slices.Sorted(maps.Keys(p.Options)) {
		for _, value := range p.Options[key] {
			args = append(args, "--"+key+"="+value)
		}
	}
	cmd := o.command(ctx, program, append(args, p.Name)...)
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
		return nil, fmt.Errorf("%s %s: %w%s", program, verb, err, said(failure, stderr.String()))
	}
	return values, failure
}

func (o Options) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = o.Dir, o.Env
	return cmd
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

// read is over when the program's output is. An error of the protocol is
// returned, and the output read on, so that the program does not hang.
func (o Options) read(name string, out io.Reader) (map[string]string, error) {
	values := map[string]string{}
	var failure error
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var line struct{ Type, Message string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			line.Type, line.Message = "info", lines.Text()
		}
		key, value, ok := strings.Cut(line.Message, "=")
		switch {
		case line.Type == "setenv" && ok && key != "":
			values[key] = value
		case line.Type == "setenv":
			failure = fmt.Errorf("setenv %q: want KEY=VALUE", line.Message)
		case line.Type == "error":
			failure = errors.New(line.Message)
		case line.Type == "info" && o.Say != nil:
			o.Say(name, line.Message)
		}
	}
	return values, errors.Join(failure, lines.Err())
}
