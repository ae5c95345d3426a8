package compose

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/paths"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/compose-spec/compose-go/v2/utils"
)

// ResolvePaths makes the relative paths in a model relative to what dir is
// relative to: absolute, if dir is.
func ResolvePaths(model map[string]any, dir string) error {
	return newRules(pathRules(resolver{dir})).apply(model)
}

type resolver struct{ dir string }

func pathRules(r resolver) map[string]rule {
	out := map[string]rule{
		"services.*.develop.watch.*.path":        r.watched,
		"services.*.pre_start.*.env_file.*.path": r.file,
		"services.*.pre_start.*.label_file.*":    r.file,
		"services.*.pre_start.*.volumes.*":       r.mount,
		"configs.*.file":                         r.hostPath,
		"secrets.*.file":                         r.hostPath,
		"volumes.*":                              r.volume,
	}
	for _, prefix := range []string{"services.*", "jobs.*"} {
		out[prefix+".build.context"] = r.context
		out[prefix+".build.additional_contexts.*"] = r.context
		out[prefix+".build.ssh.*"] = r.hostPath
		out[prefix+".env_file.*.path"] = r.file
		out[prefix+".label_file.*"] = r.file
		out[prefix+".extends.file"] = r.file
		out[prefix+".volumes.*"] = r.mount
	}
	return out
}

func (r resolver) join(path string) string {
	path = paths.ExpandUser(path)
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.dir, path)
}

func (r resolver) file(v any, path []string) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wrong(path, v)
	}
	return r.join(text), nil
}

// hostPath is a path of the engine's machine, which may be a Windows one.
func (r resolver) hostPath(v any, _ []string) (any, error) {
	text, ok := v.(string)
	if !ok {
		return v, nil
	}
	if text = paths.ExpandUser(text); paths.IsWindowsAbs(text) || filepath.IsAbs(text) {
		return text, nil
	}
	return filepath.Join(r.dir, text), nil
}

// remote are the beginnings of what is no folder of this machine.
var remote = []string{types.ServicePrefix, "https://", "http://", "git://", "ssh://", "github.com/", "git@"}

func (r resolver) context(v any, path []string) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wrong(path, v)
	}
	if strings.Contains(text, "://") {
		return text, nil
	}
	for _, prefix := range remote {
		if strings.HasPrefix(text, prefix) {
			return text, nil
		}
	}
	return r.join(text), nil
}

func (r resolver) watched(v any, path []string) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wrong(path, v)
	}
	return utils.ResolveSymbolicLink(r.join(text))
}

func (r resolver) mount(v any, path []string) (any, error) {
	mount, ok := v.(dict)
	if !ok || mount["type"] != types.VolumeTypeBind {
		return v, nil
	}
	source, ok := mount["source"].(string)
	if !ok {
		return nil, errors.New(`invalid mount config for type "bind": field Source must not be empty`)
	}
	var err error
	mount["source"], err = r.hostPath(source, path)
	return mount, err
}

// volume resolves the device of a volume that is a bind mount in disguise.
func (r resolver) volume(v any, path []string) (any, error) {
	volume, _ := v.(dict)
	options, _ := volume["driver_opts"].(dict)
	device, ok := options["device"]
	if !ok || volume["driver"] != "local" || options["o"] != "bind" {
		return v, nil
	}
	var err error
	options["device"], err = r.hostPath(device, path)
	return volume, err
}
