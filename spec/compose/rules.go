package compose

import (
	"strings"
	"sync"
)

// A rule is what is done to the value at a path.
type rule func(v any, path []string) (any, error)

// A ruleTree has the rules of one step of loading, by path: "*" stands for any
// key and for the entries of a list. A value's own rule comes before those of
// what it holds.
type ruleTree struct {
	children map[string]*ruleTree
	rule     rule
}

// rulesOf are the rules of a step, made when the first model is read.
func rulesOf(rules func() map[string]rule) func() *ruleTree {
	return sync.OnceValue(func() *ruleTree { return newRules(rules()) })
}

// newRules makes a tree of rules by dotted path.
func newRules(rules map[string]rule) *ruleTree {
	root := &ruleTree{}
	for path, r := range rules {
		at := root
		for _, step := range strings.Split(path, ".") {
			at = at.child(step)
		}
		at.rule = r
	}
	return root
}

func (t *ruleTree) child(step string) *ruleTree {
	if t.children == nil {
		t.children = map[string]*ruleTree{}
	}
	if t.children[step] == nil {
		t.children[step] = &ruleTree{}
	}
	return t.children[step]
}

// next is the tree below a step, nil for none. The nil tree has none.
func (t *ruleTree) next(step string) *ruleTree {
	if t == nil {
		return nil
	}
	if child, ok := t.children[step]; ok {
		return child
	}
	return t.children["*"]
}

func (t *ruleTree) apply(model dict) error {
	_, err := t.walk(model, make([]string, 0, 8))
	return err
}

// walk returns what becomes of a value. Of several errors it gives always the
// same one.
func (t *ruleTree) walk(v any, path []string) (any, error) {
	if t.rule != nil {
		var err error
		if v, err = t.rule(v, path); err != nil {
			return nil, err
		}
	}
	if t.children == nil {
		return v, nil
	}
	switch values := v.(type) {
	case dict:
		return v, t.walkMap(values, path)
	case list:
		for i, item := range values {
			next, err := t.step("*", item, path, "[]")
			if err != nil {
				return nil, err
			}
			values[i] = next
		}
	}
	return v, nil
}

func (t *ruleTree) walkMap(values dict, path []string) error {
	var first error
	at := ""
	for key, value := range values {
		next, err := t.step(key, value, path, key)
		switch {
		case err == nil:
			values[key] = next
		case first == nil || key < at:
			first, at = err, key
		}
	}
	return first
}

func (t *ruleTree) step(key string, v any, path []string, name string) (any, error) {
	child := t.next(key)
	if child == nil {
		return v, nil
	}
	return child.walk(v, append(path, name))
}
