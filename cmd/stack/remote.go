package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/remote"
)

// remote is where stack files come from that stand elsewhere.
func (p *program) remote(ctx context.Context, name string) (string, bool, error) {
	if !remote.Is(name) {
		return "", false, nil
	}
	file, err := p.store().Fetch(ctx, name)
	return file, true, err
}

// store is what was fetched from elsewhere, with the way there.
func (p *program) store() *remote.Store {
	if p.fetched == nil {
		p.fetched = &remote.Store{Dir: p.cache(), Env: p.environ(), Insecure: p.globals.insecure, Credentials: func(host string) (user, secret string, err error) {
			return docker.Login(dockerConfig(p.Env), host)
		}}
	}
	return p.fetched
}

// cache is the folder of what was fetched and may be fetched again.
func (p *program) cache() string {
	return filepath.Join(or(p.Env["XDG_CACHE_HOME"], filepath.Join(or(p.Env["HOME"], os.TempDir()), ".cache")), "stack")
}
