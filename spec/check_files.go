package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// serviceFiles checks that the files a service is made from can be read.
func (c *checker) serviceFiles(at string, service *node) {
	if list := service.get("env_file"); list != nil {
		for i, item := range listed(list).items {
			c.envFile(fmt.Sprintf("%s.env_file[%d]", at, i), item)
		}
	}
	if list := service.get("label_file"); list != nil {
		for i, item := range listed(list).items {
			c.readable(item, fmt.Sprintf("%s.label_file[%d]", at, i), "label file")
		}
	}
	if list := service.get("security_opt"); list != nil && list.kind == listNode {
		for i, item := range list.items {
			c.seccomp(item, fmt.Sprintf("%s.security_opt[%d]", at, i))
		}
	}
	for _, section := range []string{"secrets", "configs"} {
		c.sourceFiles(service.get(section), section)
	}
	c.sourceFiles(service.get("build", "secrets"), "secrets")
}

// seccompFile is the file of a security option that names a seccomp profile, ""
// for any other option.
func seccompFile(option string) string {
	key, value, ok := strings.Cut(option, "=")
	if !ok {
		key, value, _ = strings.Cut(option, ":")
	}
	if key != "seccomp" || value == "unconfined" || value == "builtin" || strings.HasPrefix(value, "{") {
		return ""
	}
	return value
}

func (c *checker) seccomp(item *node, field string) {
	file := seccompFile(item.text())
	if file == "" {
		return
	}
	if _, err := profile(absolute(c.dir, file)); err != nil {
		c.report(item.at.finding(field, "cannot read seccomp profile "+file+": "+reason(err), ""))
	}
}

func (c *checker) envFile(field string, item *node) {
	path, format := item, ""
	if item.kind == mapNode {
		path, format = item.get("path"), item.get("format").text()
		required := item.get("required")
		if path == nil || required != nil && required.value == false && !isFile(c.resolved(path)) {
			return
		}
		if format != "" && format != "raw" {
			c.report(item.get("format").at.finding(field+".format", fmt.Sprintf("%q is no format of env files", format), "raw, or none"))
			return
		}
	}
	if !c.readable(path, field, "env file") {
		return
	}
	// Which variables are known is settled when the files are merged; here each
	// has some value, and what is wrong is wrong in itself.
	some := func(string) (string, bool) { return "value", true }
	if err := readEnvFile(c.resolved(path), format, map[string]string{}, some, nil); err != nil {
		c.report(path.at.finding(field, "env file "+path.text()+": "+reason(err), ""))
	}
}

// resolved is the absolute path that a node's text means.
func (c *checker) resolved(n *node) string {
	dir := c.dir
	if n.at.src != nil {
		dir = n.at.src.dir
	}
	return absolute(dir, n.text())
}

// readable reports a file that is not there, or is none.
func (c *checker) readable(n *node, field, what string) bool {
	file, err := os.Open(c.resolved(n))
	if err == nil {
		defer file.Close()
		info, statErr := file.Stat()
		if statErr == nil && !info.IsDir() {
			return true
		}
		err = statErr
	}
	why := "is a folder"
	if err != nil {
		why = reason(err)
	}
	c.report(n.at.finding(field, fmt.Sprintf("cannot read %s %s: %s", what, n.text(), why), nearFile(c.resolved(n))))
	return false
}

// nearFile hints at a file of a similar name in the same folder.
func nearFile(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return didYouMean(filepath.Base(path), names)
}

// sourceFiles checks what the configs or secrets in use are made from.
func (c *checker) sourceFiles(list *node, section string) {
	if list == nil || list.kind != listNode {
		return
	}
	for _, item := range list.items {
		name := item.text()
		if item.kind == mapNode {
			name = item.get("source").text()
		}
		n := c.tree.get(section, name)
		field := section + "." + name
		if external(n) {
			c.storedFile(n, section, name)
		} else if given := n.get("name"); given != nil {
			c.warn(given.at.finding(field+".name", "has no effect: only an external one has a name outside a swarm", ""))
		}
		if file := n.get("file"); file != nil && file.kind == scalarNode {
			c.readable(file, field+".file", strings.TrimSuffix(section, "s")+" file")
		}
		if variable := n.get("environment"); variable != nil && variable.kind == scalarNode {
			if _, ok := c.env[variable.text()]; !ok {
				c.report(variable.at.finding(field+".environment", fmt.Sprintf("variable %s is not set", variable.text()),
					"set it in the environment or in .env"))
			}
		}
	}
}
