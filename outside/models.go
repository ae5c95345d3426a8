package outside

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/stackfile/stack/spec"
)

// modelRunner stands for the runner among the programs.
const modelRunner = "\x00model"

// models brings the models to the runner, and gives the services the variables
// that lead to them. The words are those of docker model.
func (o Options) models(ctx context.Context, program string, s *spec.Stack, names []string, out variables) error {
	text, err := o.output(ctx, program, "status", "--json")
	if err != nil {
		return fmt.Errorf("model runner: %w", err)
	}
	var status struct {
		Running  bool
		Endpoint string
	}
	if err := json.Unmarshal(text, &status); err != nil || status.Endpoint == "" {
		return fmt.Errorf("model runner: it says of no endpoint: %s", strings.TrimSpace(string(text)))
	}
	for _, name := range names {
		if err := o.bring(ctx, program, s.Models[name]); err != nil {
			return fmt.Errorf("model %s: %w", name, err)
		}
	}
	for name, service := range s.Services {
		for key, use := range service.Models {
			out.set(name, use.Endpoint, status.Endpoint)
			out.set(name, use.Model, s.Models[key].Model)
		}
	}
	return nil
}

// bring pulls a model that the runner does not have, and configures it.
func (o Options) bring(ctx context.Context, program string, m spec.Model) error {
	if _, err := o.output(ctx, program, "inspect", m.Model); err != nil {
		o.say(m.Model, "pulling")
		if _, err := o.output(ctx, program, "pull", m.Model); err != nil {
			return err
		}
	}
	if m.ContextSize == 0 && len(m.Flags) == 0 {
		return nil
	}
	args := []string{"configure"}
	if m.ContextSize > 0 {
		args = append(args, "--context-size", strconv.Itoa(m.ContextSize))
	}
	args = append(args, m.Model)
	if len(m.Flags) > 0 {
		args = append(append(args, "--"), m.Flags...)
	}
	_, err := o.output(ctx, program, args...)
	return err
}

// output runs the docker command's plugin by itself: its name is no argument
// then, as it is behind the docker command.
func (o Options) output(ctx context.Context, program string, args ...string) ([]byte, error) {
	out, err := o.command(ctx, program, args...).Output()
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output returns it as it is
		return nil, fmt.Errorf("docker model %s: %w%s", args[0], err, said(nil, string(exit.Stderr)))
	}
	return out, err
}
