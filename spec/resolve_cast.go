package spec

import (
	"fmt"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
)

// A castTree says at which paths a text becomes a number or a boolean once its
// variables are substituted, step by step along the path. The nil tree casts
// nothing.
type castTree struct {
	children map[string]*castTree
	cast     func(string) (any, error)
	want     string // for messages
}

func (c *castTree) next(step string) *castTree {
	if c == nil {
		return nil
	}
	if child, ok := c.children[step]; ok {
		return child
	}
	return c.children["*"]
}

// castPatterns is compose-go's own table, without the words it writes to
// standard error about yes and no.
var castPatterns = sync.OnceValue(func() map[tree.Path]interpolation.Cast {
	out := map[tree.Path]interpolation.Cast{}
	for path, cast := range loader.ToOptions(&types.ConfigDetails{}, nil).Interpolate.TypeCastMapping {
		out[path] = quietCast(cast)
	}
	out["services.*.x-stack.update.shared_volumes"] = out["services.*.tty"]
	return out
})

func quietCast(cast interpolation.Cast) interpolation.Cast {
	if v, _ := cast("true"); v != true {
		return cast
	}
	return func(s string) (any, error) {
		switch strings.ToLower(s) {
		case "y", "yes", "on":
			return true, nil
		case "n", "no", "off":
			return false, nil
		}
		return cast(s)
	}
}

// casts is compose-go's table as a tree, made when the first file is read.
var casts = sync.OnceValue(newCastTree)

func newCastTree() *castTree {
	root := &castTree{children: map[string]*castTree{}}
	for path, cast := range castPatterns() {
		at := root
		for _, step := range path.Parts() {
			if at.children == nil {
				at.children = map[string]*castTree{}
			}
			if at.children[step] == nil {
				at.children[step] = &castTree{}
			}
			at = at.children[step]
		}
		at.cast, at.want = plainCast(cast), wanted(cast)
	}
	return root
}

// plainCast gives the types that a node holds.
func plainCast(cast interpolation.Cast) func(string) (any, error) {
	return func(s string) (any, error) {
		v, err := cast(s)
		switch v := v.(type) {
		case int64:
			return int(v), err
		case uint64:
			return int(v), err
		case float32:
			return float64(v), err
		}
		return v, err
	}
}

func wanted(cast interpolation.Cast) string {
	if _, err := cast("true"); err == nil {
		return "true or false"
	}
	if _, err := cast("0.5"); err == nil {
		return "a number"
	}
	return "a whole number"
}

// interpolate is how compose-go substitutes variables on our behalf: by the
// same code as the positions, so that both always agree.
func interpolate(text string, lookup func(string) (string, bool)) (string, error) {
	s := substitution{lookup: lookup}
	value := s.expand(text)
	if len(s.errs) > 0 {
		return "", fmt.Errorf("%q: %w", shorten(text), s.errs[0])
	}
	return value, nil
}
