package spec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// A Publication is a stack as it can be read elsewhere: one file, merged from all
// that it consists of, with variables left as they are.
type Publication struct {
	Text     []byte
	EnvFiles map[string][]byte // what is beside it, by name
	// What a person should know before others can read it, each sorted.
	Binds       []string // mounts of this machine's folders
	Environment []string // values of variables
	Secret      []string // values that look secret, by where they stand; not the values
	EnvFilesOf  []string // services that have env files
	Unnamed     []string // services that have a build section and no image
}

// Publish reads a stack for others, with all its profiles. Values are not looked
// up; the text of env files is read, and that of secrets is not. base is what
// relative paths start from.
func Publish(ctx context.Context, opts LoadOptions, base string) (*Publication, error) {
	opts.Profiles = []string{"*"}
	text, err := Render(ctx, opts, RenderOptions{
		Format: "json", NoInterpolate: true, NoNormalize: true, NoPathResolution: true, NoEnvResolution: true,
	})
	if err != nil {
		return nil, err
	}
	var model map[string]any
	if err := json.Unmarshal(text, &model); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	p := &Publication{EnvFiles: map[string][]byte{}}
	if err := p.read(model, base); err != nil {
		return nil, err
	}
	p.Text, err = yaml.Marshal(model)
	return p, err
}

func (p *Publication) read(model map[string]any, base string) error {
	services, _ := model["services"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if s, ok := services[name].(map[string]any); ok {
			if err := p.service(name, s, base); err != nil {
				return err
			}
		}
	}
	configs, _ := model["configs"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		if c, ok := configs[name].(map[string]any); ok && c["environment"] != nil {
			p.Environment = append(p.Environment, fmt.Sprintf("config %s: %v", name, c["environment"]))
		}
	}
	p.secrets("", "", model)
	slices.Sort(p.Secret)
	return nil
}

func (p *Publication) service(name string, s map[string]any, base string) error {
	if s["image"] == nil && s["build"] != nil {
		p.Unnamed = append(p.Unnamed, name)
	}
	mounts, _ := s["volumes"].([]any)
	for _, mount := range mounts {
		if m, ok := mount.(map[string]any); ok && m["type"] == "bind" {
			p.Binds = append(p.Binds, fmt.Sprintf("service %s: %v at %v", name, m["source"], m["target"]))
		}
	}
	variables, _ := s["environment"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(variables)) {
		if value := variables[key]; value != nil {
			p.Environment = append(p.Environment, fmt.Sprintf("service %s: %s=%s", name, key, Mask(key, fmt.Sprint(value))))
		}
	}
	files, _ := s["env_file"].([]any)
	if len(files) > 0 {
		p.EnvFilesOf = append(p.EnvFilesOf, name)
	}
	return p.envFiles(files, base)
}

// envFiles puts the name beside the stack file in place of each path. An optional
// file that is not there has no text.
func (p *Publication) envFiles(files []any, base string) error {
	for _, file := range files {
		f, ok := file.(map[string]any)
		if !ok {
			continue
		}
		path := fmt.Sprint(f["path"])
		text, err := os.ReadFile(joined(base, path))
		if os.IsNotExist(err) && f["required"] == false {
			continue
		}
		if err != nil {
			return fmt.Errorf("env file: %w", err)
		}
		sum := sha256.Sum256([]byte(path))
		f["path"] = hex.EncodeToString(sum[:]) + ".env"
		p.EnvFiles[fmt.Sprint(f["path"])] = text
	}
	return nil
}

func joined(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// secrets notes where values stand that look secret. key is the name that stands
// nearest above.
func (p *Publication) secrets(at, key string, node any) {
	switch node := node.(type) {
	case string:
		if Mask(key, node) != node && !strings.Contains(node, "$") {
			p.Secret = append(p.Secret, strings.TrimPrefix(at, "."))
		}
	case []any:
		for i, element := range node {
			p.secrets(fmt.Sprintf("%s[%d]", at, i), key, element)
		}
	case map[string]any:
		for key, element := range node {
			p.secrets(at+"."+key, key, element)
		}
	}
}
