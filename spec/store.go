package spec

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// stored is the file of an external secret or config of a name. Only a swarm
// keeps such things in an engine; elsewhere they are files of a folder that the
// user keeps: STACK_SECRETS_DIR or STACK_CONFIGS_DIR, or else stack/secrets and
// stack/configs below the user's folder for settings.
func stored(section, name string, env map[string]string) string {
	settings := cmp.Or(env["XDG_CONFIG_HOME"], env["APPDATA"], filepath.Join(env["HOME"], ".config"))
	folder := cmp.Or(env["STACK_"+strings.ToUpper(section)+"_DIR"], filepath.Join(settings, "stack", section))
	return filepath.Join(folder, name)
}

// sourceFile is the file that a config or secret is read from, "" for none.
func (r *resolver) sourceFile(section string, object types.FileObjectConfig) string {
	if object.External {
		return absolute(r.home, stored(section, object.Name, r.env))
	}
	return r.abs(object.File)
}

// external reports whether a node of a section is declared to be external.
func external(n *node) bool {
	e := n.get("external")
	return e != nil && (e.kind == mapNode || e.value == true || e.text() == "true")
}

// storedFile checks that an external secret or config is there.
func (c *checker) storedFile(n *node, section, key string) {
	kind, name := strings.TrimSuffix(section, "s"), cmp.Or(n.get("external", "name").text(), n.get("name").text(), key)
	field, at := section+"."+key+".external", n.get("external").at
	if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
		c.report(at.finding(field, fmt.Sprintf("%q is no name of a %s", shorten(name), kind), "a file's name, without a folder"))
		return
	}
	if file := absolute(c.home, stored(section, name, c.env)); !isFile(file) {
		c.report(at.finding(field, fmt.Sprintf("%s %s: there is no file %s", kind, name, file),
			fmt.Sprintf("put it there, with mode 0600, or set STACK_%s_DIR to the folder that has it", strings.ToUpper(section))))
	}
}
