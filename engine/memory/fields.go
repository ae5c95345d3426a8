package memory

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// overlay is recorded with each live field as it is now.
func overlay(recorded, live spec.Container) spec.Container {
	to, from := reflect.ValueOf(&recorded).Elem(), reflect.ValueOf(live)
	for i := range to.NumField() {
		if to.Type().Field(i).Tag.Get("live") != "" {
			to.Field(i).Set(from.Field(i))
		}
	}
	return recorded
}

// updated is live with the fields that an update names, by their JSON names. As
// on the real engine, a limit cannot be taken away.
func updated(live spec.Container, op engine.UpdateContainer) (spec.Container, error) {
	to, from := reflect.ValueOf(&live).Elem(), reflect.ValueOf(op.Definition)
	for _, name := range op.Fields {
		i, ok := fieldIndex(name)
		if !ok || to.Type().Field(i).Tag.Get("live") == "set" && from.Field(i).IsZero() {
			return live, fmt.Errorf("container %s: field %s: %w", op.Name, name, engine.ErrUnsupported)
		}
		to.Field(i).Set(from.Field(i))
	}
	return live, nil
}

// fieldIndex finds a field that an update can change.
func fieldIndex(name string) (int, bool) {
	t := reflect.TypeFor[spec.Container]()
	for i := range t.NumField() {
		json, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if live := t.Field(i).Tag.Get("live"); json == name && (live == "update" || live == "set") {
			return i, true
		}
	}
	return 0, false
}
