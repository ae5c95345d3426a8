package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An UnknownContextError says that the docker command has no context of this name.
type UnknownContextError struct {
	Name  string
	Known []string // those that it has, but for its default
}

func (e *UnknownContextError) Error() string {
	return fmt.Sprintf("docker context %q: not found", e.Name)
}

// An Endpoint is where an engine listens, and how it proves who it is.
type Endpoint struct {
	Host string // as in Options
	TLS  *TLS
}

// Context is where one of the docker command's contexts has its engine. dir is the
// folder of its settings. A name that it does not have is an
// [*UnknownContextError].
//
// The files are read here and not by docker/cli's packages: those bring a second
// client of the engine with them, and all that it takes to write contexts.
func Context(dir, name string) (Endpoint, error) {
	id := contextID(name)
	text, err := os.ReadFile(filepath.Join(dir, "contexts", "meta", id, "meta.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return Endpoint{}, &UnknownContextError{name, contexts(dir)}
	}
	if err != nil {
		return Endpoint{}, fmt.Errorf("docker context %q: %w", name, err)
	}
	var meta contextMeta
	if err := json.Unmarshal(text, &meta); err != nil {
		return Endpoint{}, fmt.Errorf("docker context %q: %w", name, err)
	}
	if meta.Endpoints.Docker == nil {
		return Endpoint{}, fmt.Errorf("docker context %q: has no docker engine", name)
	}
	return meta.endpoint(filepath.Join(dir, "contexts", "tls", id, "docker")), nil
}

// contextMeta is what the docker command writes about a context.
type contextMeta struct {
	Name      string
	Endpoints struct {
		Docker *struct {
			Host          string
			SkipTLSVerify bool
		} `json:"docker"`
	}
}

func (m contextMeta) endpoint(tls string) Endpoint {
	out := Endpoint{Host: m.Endpoints.Docker.Host}
	if _, err := os.Stat(tls); err == nil || m.Endpoints.Docker.SkipTLSVerify {
		out.TLS = TLSIn(tls)
		out.TLS.SkipVerify = m.Endpoints.Docker.SkipTLSVerify
	}
	return out
}

// contextID names a context's folders.
func contextID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// contexts are the names of those that there are. It is for a hint: what cannot be
// read is left out.
func contexts(dir string) (names []string) {
	files, _ := filepath.Glob(filepath.Join(dir, "contexts", "meta", "*", "meta.json"))
	for _, file := range files {
		var meta contextMeta
		if text, err := os.ReadFile(file); err == nil && json.Unmarshal(text, &meta) == nil {
			names = append(names, meta.Name)
		}
	}
	slices.Sort(names)
	return names
}

// CurrentContext is the one that `docker context use` chose, "" for none. A file
// that cannot be read chooses nothing: whoever needs credentials from it says so.
func CurrentContext(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		return ""
	}
	var file struct{ CurrentContext string }
	if json.Unmarshal(text, &file) != nil {
		return ""
	}
	return strings.TrimSpace(file.CurrentContext)
}
