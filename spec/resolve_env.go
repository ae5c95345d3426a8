package spec

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

// A lineError is what is wrong in an env file. It holds no value of the file:
// those may be secrets.
type lineError struct {
	line int // 0 when unknown
	text string
}

func (e *lineError) Error() string {
	if e.line == 0 {
		return e.text
	}
	return fmt.Sprintf("line %d: %s", e.line, e.text)
}

// withEnvFiles returns env with the variables of files added; what env has
// wins, and later files win over earlier ones. env is not changed. failed is
// called for each file that cannot be read, unset for each variable without a
// value in one.
func withEnvFiles(env map[string]string, files []string, failed func(file string, err error), unset func(file, name string)) map[string]string {
	read := map[string]string{}
	lookup := func(name string) (string, bool) {
		if v, ok := env[name]; ok {
			return v, true
		}
		v, ok := read[name]
		return v, ok
	}
	for _, file := range files {
		if err := readEnvFile(file, "", read, lookup, func(name string) { unset(file, name) }); err != nil {
			failed(file, err)
		}
	}
	maps.Copy(read, env)
	return read
}

// readEnvFile adds the variables of one env file to vars. In the format raw
// values are taken as they stand. unset is called for a variable without a
// value that another value refers to; nil for none. What is wrong inside is a
// *lineError.
func readEnvFile(path, format string, vars map[string]string, lookup func(string) (string, bool), unset func(name string)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	switch format {
	case "":
		return withoutValues(dotenv.ParseWithFormat(bytes.NewReader(text), path, vars, quietLookup(text, vars, lookup, unset), ""))
	case "raw":
		return readRaw(text, vars, lookup)
	}
	return &lineError{0, fmt.Sprintf("unknown format %q", format)}
}

// quietLookup answers for variables without a value, which dotenv would tell
// standard error about: with nothing, where that is what they stand for.
func quietLookup(text []byte, vars map[string]string, lookup func(string) (string, bool), unset func(string)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := lookup(name); ok {
			return v, true
		}
		if v, ok := vars[name]; ok {
			return v, true
		}
		has := func(pattern string) bool {
			found, err := regexp.Match(strings.ReplaceAll(pattern, "NAME", regexp.QuoteMeta(name)), text)
			return err == nil && found
		}
		if !has(`\$(NAME\b|\{NAME[}:])`) || has(`\$\{NAME[-+?]`) || has(`(?m)^\s*(export\s+)?NAME\s*$`) {
			return "", false
		}
		if has(`\$(NAME\b|\{NAME\})`) && unset != nil {
			unset(name)
		}
		return "", true
	}
}

var (
	envLine = pattern(`line (\d+): `)
	// envText is where dotenv's messages quote the file.
	envText = pattern(`(?s)( in variable name |(unterminated quoted value)|(Invalid template)).*`)
)

// withoutValues is an error of dotenv's without what it quotes.
func withoutValues(err error) error {
	if err == nil {
		return nil
	}
	text, line := err.Error(), 0
	if at := envLine().FindStringSubmatchIndex(text); at != nil {
		line, _ = strconv.Atoi(text[at[2]:at[3]])
		text = text[at[1]:]
	} else if _, rest, ok := strings.Cut(text, ": "); ok {
		text = rest
	}
	text = envText().ReplaceAllString(text, "$2$3")
	return &lineError{line, strings.Replace(text, "Invalid template", errTemplate.Error()+" after $", 1)}
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
			return &lineError{n, "no variable's name before ="}
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
