package planner

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stackfile/stack/spec"
)

// render is a leaf as a reason prints it: as a stack file would have it, and
// without secrets. It returns "" for an absent one.
func render(path string, v any) string {
	key := keyOf(path)
	switch v := v.(type) {
	case nil:
		return ""
	case null:
		return "(unset)"
	case string:
		if key == "digest" && strings.HasPrefix(path, "files.") {
			return "(content)"
		}
		return quote(key, v)
	case json.Number:
		return number(path, v)
	case []any:
		return list(key, v)
	case map[string]any:
		return object(path, v)
	}
	return fmt.Sprint(v)
}

// named are the collections whose keys have dots in their names.
var named = []string{"labels.", "environment.", "annotations.", "driver_opts.", "logging.options.", "ipam.options."}

// keyOf is the name that says whether a value is secret.
func keyOf(path string) string {
	for _, top := range named {
		if name, ok := strings.CutPrefix(path, top); ok {
			return name
		}
	}
	return path[strings.LastIndex(path, ".")+1:]
}

func quote(key, v string) string {
	if masked := spec.Mask(key, v); masked != v {
		return masked
	}
	return strconv.Quote(v)
}

func list(key string, v []any) string {
	parts := make([]string, len(v))
	for i, masked := range spec.MaskArguments(key, words(v)) {
		parts[i] = render(key, v[i])
		if text, ok := v[i].(string); ok && masked != text {
			parts[i] = strconv.Quote(masked)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// words are the texts of a list; "" stands for what is none.
func words(v []any) []string {
	out := make([]string, len(v))
	for i, e := range v {
		out[i], _ = e.(string)
	}
	return out
}

// object is a map that comes or goes as one.
func object(path string, v map[string]any) string {
	parts := []string{}
	for _, key := range sortedKeys(v) {
		parts = append(parts, key+": "+render(path+"."+key, leaf(v, key)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func number(path string, v json.Number) string {
	n, err := v.Int64()
	if err != nil {
		return v.String()
	}
	switch top, last := path[:indexOr(path, '.')], path[strings.LastIndex(path, ".")+1:]; {
	case strings.HasPrefix(top, "mem_") && top != "mem_swappiness", top == "memswap_limit", top == "shm_size", last == "size":
		return bytesText(n)
	case top == "cpus":
		return strconv.FormatFloat(float64(n)/1e9, 'f', -1, 64)
	case top == "healthcheck" && last != "retries":
		return time.Duration(n).String()
	}
	return v.String()
}

func indexOr(s string, c byte) int {
	if i := strings.IndexByte(s, c); i >= 0 {
		return i
	}
	return len(s)
}

// bytesText writes a size with the largest unit that divides it, as stack files
// do: 512m, 1g.
func bytesText(n int64) string {
	units := []struct {
		size   int64
		suffix string
	}{{1 << 30, "g"}, {1 << 20, "m"}, {1 << 10, "k"}}
	for _, u := range units {
		if n != 0 && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}
