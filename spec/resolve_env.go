package spec

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

// withEnvFiles returns env with the variables of files added; what env has
// wins, and later files win over earlier ones. env is not changed.
func withEnvFiles(env map[string]string, files []string) (map[string]string, error) {
	out := maps.Clone(env)
	if out == nil {
		out = map[string]string{}
	}
	read, err := dotenv.GetEnvFromFile(env, files)
	if err != nil {
		return out, fmt.Errorf("env file: %w", err)
	}
	for key, value := range read {
		if _, ok := out[key]; !ok {
			out[key] = value
		}
	}
	return out, nil
}

// readEnvFile adds the variables of one env_file to vars. In the format raw
// values are taken as they stand.
func readEnvFile(path, format string, vars map[string]string, lookup func(string) (string, bool)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	switch format {
	case "":
		return dotenv.ParseWithFormat(bytes.NewReader(text), path, vars, lookup, "")
	case "raw":
		return readRaw(text, vars, lookup)
	}
	return fmt.Errorf("unknown format %q", format)
}

// readRaw reads KEY=value lines. A key alone takes its value from lookup.
func readRaw(text []byte, vars map[string]string, lookup func(string) (string, bool)) error {
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimLeft(lines.Text(), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if key == "" || strings.ContainsAny(key, " \t") {
			return fmt.Errorf("line %d: no variable's name before =", n)
		}
		if !ok {
			if value, ok = lookup(key); !ok {
				continue
			}
		}
		vars[key] = value
	}
	return lines.Err()
}
