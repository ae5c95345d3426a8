package buildkit

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/client"
)

// cacheOptions reads the entries of cache_from and cache_to: a reference, or
// type=...,key=value.
func cacheOptions(field string, entries []string) ([]client.CacheOptionsEntry, error) {
	var out []client.CacheOptionsEntry
	for _, entry := range entries {
		parsed, err := cacheOption(entry)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", field, entry, err)
		}
		out = append(out, parsed)
	}
	return out, nil
}

func cacheOption(entry string) (client.CacheOptionsEntry, error) {
	fields, err := csv.NewReader(strings.NewReader(entry)).Read()
	if err != nil {
		return client.CacheOptionsEntry{}, err
	}
	if len(fields) == 1 && !strings.Contains(entry, "=") {
		return client.CacheOptionsEntry{Type: "registry", Attrs: map[string]string{"ref": entry}}, nil
	}
	out := client.CacheOptionsEntry{Attrs: map[string]string{}}
	for _, field := range fields {
		key, value, ok := strings.Cut(field, "=")
		if !ok {
			return out, fmt.Errorf("%q is not key=value", field)
		}
		out.Attrs[strings.TrimSpace(key)] = value
	}
	out.Type = cmp.Or(out.Attrs["type"], "registry")
	delete(out.Attrs, "type")
	return out, nil
}

// splitMissing takes out the local caches that no build has written yet.
// BuildKit's client would only log them, and leave an empty folder behind.
func splitMissing(entries []client.CacheOptionsEntry) (there []client.CacheOptionsEntry, missing []string) {
	for _, entry := range entries {
		index := filepath.Join(entry.Attrs["src"], "index.json")
		if _, err := os.Stat(index); entry.Type == "local" && err != nil {
			missing = append(missing, fmt.Sprintf("cache_from type=local: %v", err))
			continue
		}
		there = append(there, entry)
	}
	return there, missing
}
