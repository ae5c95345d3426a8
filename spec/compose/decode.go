package compose

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// decode fills in a struct of package types from a model: by the names that its
// fields have in YAML, and by the methods DecodeMapstructure of their types.
func decode(model dict, target any) error {
	return (&decoder{}).value(model, reflect.ValueOf(target).Elem())
}

// A decoder knows where it is, for messages.
type decoder struct{ path []string }

// custom is a type that decodes itself.
type custom interface{ DecodeMapstructure(v any) error }

var customType = reflect.TypeFor[custom]()

func (d *decoder) wrong(v any, want reflect.Type) error {
	return fmt.Errorf("%s: expected %s, got %T", joined(d.path), want, v)
}

func (d *decoder) value(v any, to reflect.Value) error {
	if v == nil {
		return nil
	}
	if to.Kind() != reflect.Pointer && isCustom(to.Type()) {
		c, _ := to.Addr().Interface().(custom)
		if err := c.DecodeMapstructure(v); err != nil {
			return fmt.Errorf("%s: %w", joined(d.path), err)
		}
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return d.value(v, to.Elem())
	case reflect.Interface:
		to.Set(reflect.ValueOf(v))
		return nil
	case reflect.Struct:
		return d.fields(v, to)
	case reflect.Map:
		return d.entries(v, to)
	case reflect.Slice:
		return d.items(v, to)
	}
	return d.scalar(v, to)
}

// step decodes one value below the one at hand.
func (d *decoder) step(name string, v any, to reflect.Value) error {
	d.path = append(d.path, name)
	err := d.value(v, to)
	d.path = d.path[:len(d.path)-1]
	return err
}

func (d *decoder) fields(v any, to reflect.Value) error {
	values, ok := v.(dict)
	if !ok {
		return d.wrong(v, to.Type())
	}
	known := fieldsOf(to.Type())
	var errs []error
	for key, value := range values {
		if index, ok := known[key]; ok {
			errs = append(errs, d.step(key, value, to.FieldByIndex(index)))
		}
	}
	return firstOf(errs)
}

// firstOf gives always the same one of several errors.
func firstOf(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	}
	return slices.MinFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
}

func (d *decoder) entries(v any, to reflect.Value) error {
	values, ok := v.(dict)
	if !ok {
		return d.wrong(v, to.Type())
	}
	out := reflect.MakeMapWithSize(to.Type(), len(values))
	var errs []error
	for key, value := range values {
		element := reflect.New(to.Type().Elem()).Elem()
		errs = append(errs, d.step(key, value, element))
		out.SetMapIndex(reflect.ValueOf(key), element)
	}
	to.Set(out)
	return firstOf(errs)
}

func (d *decoder) items(v any, to reflect.Value) error {
	values, ok := v.(list)
	if !ok {
		return d.wrong(v, to.Type())
	}
	if values == nil {
		return nil
	}
	out := reflect.MakeSlice(to.Type(), len(values), len(values))
	for i, value := range values {
		if err := d.step("["+strconv.Itoa(i)+"]", value, out.Index(i)); err != nil {
			return err
		}
	}
	to.Set(out)
	return nil
}

// scalar takes a text for a number or a boolean, as one has it whose variables
// were substituted, and a whole number for a text.
func (d *decoder) scalar(v any, to reflect.Value) error {
	if text, ok := v.(string); ok && to.Kind() != reflect.String {
		parsed, err := parseAs(text, to.Kind())
		if err != nil {
			return fmt.Errorf("%s: %w", joined(d.path), err)
		}
		v = parsed
	}
	if n, ok := v.(int); ok && to.Kind() == reflect.String {
		v = strconv.Itoa(n)
	}
	from := reflect.ValueOf(v)
	kinds := [2]kind{kindOf(from.Kind()), kindOf(to.Kind())}
	switch {
	case kinds[0] == kinds[1] && kinds[0] != 0, kinds[0] == number && kinds[1] == number:
	default:
		return d.wrong(v, to.Type())
	}
	if negative := to.CanUint() && (from.CanInt() && from.Int() < 0 || from.CanFloat() && from.Float() < 0); negative {
		return fmt.Errorf("%s: %v must not be negative", joined(d.path), v)
	}
	to.Set(from.Convert(to.Type()))
	return nil
}

func parseAs(text string, k reflect.Kind) (any, error) {
	switch k {
	case reflect.Bool:
		return parseBool(text)
	case reflect.Int:
		return strconv.Atoi(text)
	case reflect.Int64:
		return strconv.ParseInt(text, 10, 64)
	case reflect.Float32:
		n, err := strconv.ParseFloat(text, 32)
		return float32(n), err
	case reflect.Float64:
		return strconv.ParseFloat(text, 64)
	}
	return text, nil
}

var errNoBool = errors.New("neither true nor false")

func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "y", "yes", "on":
		return true, nil
	case "false", "n", "no", "off":
		return false, nil
	}
	return false, errNoBool
}

// A kind is what scalars can be converted within.
type kind int

const (
	boolean kind = iota + 1
	number
	words
)

func kindOf(k reflect.Kind) kind {
	switch {
	case k == reflect.Bool:
		return boolean
	case k == reflect.String:
		return words
	case k >= reflect.Int && k <= reflect.Float64 && k != reflect.Uintptr:
		return number
	}
	return 0
}

// The fields of types by their names, and which types decode themselves: asked
// for at each value, and the same for the whole of the program's life.
var (
	knownFields sync.Map // reflect.Type to map[string][]int
	knownCustom sync.Map // reflect.Type to bool
)

func isCustom(t reflect.Type) bool {
	if known, ok := knownCustom.Load(t); ok {
		return known == true
	}
	is := reflect.PointerTo(t).Implements(customType)
	knownCustom.Store(t, is)
	return is
}

func fieldsOf(t reflect.Type) map[string][]int {
	if known, ok := knownFields.Load(t); ok {
		fields, _ := known.(map[string][]int)
		return fields
	}
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); f.IsExported() && !f.Anonymous && name != "-" {
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			fields[name] = f.Index
		}
	}
	knownFields.Store(t, fields)
	return fields
}
