package buildkit

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"google.golang.org/grpc"

	"github.com/stackfile/stack/spec"
)

// A buildSession is what BuildKit may ask of us while it builds.
type buildSession struct {
	attached []session.Attachable
	login    *login
}

func (b *Builder) session(build spec.Build) (*buildSession, error) {
	s := &buildSession{login: &login{lookup: b.opts.Credentials}}
	s.attached = []session.Attachable{s.login}
	if len(build.Secrets) > 0 {
		texts, err := b.secrets(build.Secrets)
		if err != nil {
			return nil, err
		}
		s.attached = append(s.attached, secretsprovider.FromMap(texts))
	}
	if len(build.SSH) > 0 {
		agents, err := sshAgents(build.SSH)
		if err != nil {
			return nil, err
		}
		s.attached = append(s.attached, agents)
	}
	return s, nil
}

// secrets reads them before the build begins, so that a missing one is found at
// once.
func (b *Builder) secrets(sources map[string]string) (map[string][]byte, error) {
	texts := map[string][]byte{}
	for _, id := range slices.Sorted(maps.Keys(sources)) {
		text, err := b.secret(sources[id])
		if err != nil {
			return nil, fmt.Errorf("secret %q: %w", id, err)
		}
		if len(text) > secretsprovider.MaxSecretSize {
			return nil, fmt.Errorf("secret %q: %d bytes are more than the %d that BuildKit takes", id, len(text), secretsprovider.MaxSecretSize)
		}
		texts[id] = text
	}
	return texts, nil
}

func (b *Builder) secret(source string) ([]byte, error) {
	name, ok := strings.CutPrefix(source, "env:")
	if !ok {
		return os.ReadFile(source)
	}
	if b.opts.Environment != nil {
		if value, ok := b.opts.Environment(name); ok {
			return []byte(value), nil
		}
	}
	return nil, fmt.Errorf("the environment variable %s is not set", name)
}

// sshAgents hand over keys, or the running agent for the path "".
func sshAgents(paths map[string]string) (session.Attachable, error) {
	var agents []sshprovider.AgentConfig
	for _, id := range slices.Sorted(maps.Keys(paths)) {
		agent := sshprovider.AgentConfig{ID: id}
		if paths[id] != "" {
			agent.Paths = []string{paths[id]}
		}
		agents = append(agents, agent)
	}
	provider, err := sshprovider.NewSSHAgentProvider(agents)
	if err != nil {
		return nil, fmt.Errorf("ssh: %w", err)
	}
	return provider, nil
}

// warnings are what went wrong with credentials: worth knowing even when the
// build went well without them.
func (s *buildSession) warnings() []string {
	var out []string
	for _, err := range s.login.failures() {
		out = append(out, err.Error())
	}
	return out
}

// A login answers a registry's question who asks. It answers nothing else of
// the service: BuildKit then fetches tokens by itself.
type login struct {
	auth.UnimplementedAuthServer
	lookup func(host string) (Credentials, error)

	mu     sync.Mutex // BuildKit asks from several goroutines
	failed map[string]error
}

func (l *login) Register(server *grpc.Server) { auth.RegisterAuthServer(server, l) }

// Credentials implements the session's service. A helper that does not work is
// no reason to fail: most images need no credentials.
func (l *login) Credentials(_ context.Context, request *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	if l.lookup == nil {
		return &auth.CredentialsResponse{}, nil
	}
	found, err := l.lookup(request.Host)
	if err != nil {
		l.note(request.Host, err)
		return &auth.CredentialsResponse{}, nil
	}
	if found.IdentityToken != "" {
		return &auth.CredentialsResponse{Secret: found.IdentityToken}, nil
	}
	return &auth.CredentialsResponse{Username: found.Username, Secret: found.Password}, nil
}

func (l *login) note(host string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = map[string]error{}
	}
	l.failed[host] = err
}

func (l *login) failures() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []error
	for _, host := range slices.Sorted(maps.Keys(l.failed)) {
		out = append(out, l.failed[host])
	}
	return out
}
