package engine_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

// performed are the operations that Perform carries out: the cases of its
// switches.
func performed(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "perform.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.CaseClause); ok {
			for _, e := range c.List {
				if name, ok := e.(*ast.Ident); ok {
					out = append(out, name.Name)
				}
			}
		}
		return true
	})
	slices.Sort(out)
	return out
}

func TestEachOperationIsReadBackAsItWas(t *testing.T) {
	samples := map[string]plan.Op{}
	for _, kind := range performed(t) {
		empty, err := engine.DecodeOp(kind, []byte("{}"))
		if err != nil {
			t.Errorf("operation %s of Perform: %v; give it a line in the table of decode.go", kind, err)
			continue
		}
		filled := reflect.New(reflect.TypeOf(empty)).Elem()
		fill(t, filled, kind)
		op, ok := filled.Interface().(plan.Op)
		if !ok {
			t.Fatalf("%s is no operation", filled.Type())
		}
		samples[kind] = op
	}
	if len(samples) < 20 {
		t.Fatalf("only %d operations: perform.go is not what it was", len(samples))
	}
	for _, kind := range slices.Sorted(maps.Keys(samples)) {
		code, err := json.Marshal(samples[kind])
		if err != nil {
			t.Fatal(err)
		}
		got, err := engine.DecodeOp(samples[kind].Kind(), code)
		if err != nil || !reflect.DeepEqual(got, samples[kind]) {
			t.Errorf("%s: %v\nwas read as  %+v\nand not as   %+v", kind, err, got, samples[kind])
		}
	}
}

// fill gives each field below v a value that is not its zero.
func fill(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") == "-" {
				continue // no part of a plan
			}
			fill(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), path)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, path)
		fill(t, value, path)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString("<" + path + ">")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(time.Hour) + 1)
	case reflect.Uint8:
		v.SetUint(200)
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(40_000)
	default:
		t.Fatalf("%s: %s: the test has no value for it", path, v.Kind())
	}
}

func TestAnOperationThatIsNotKnownIsRefused(t *testing.T) {
	for _, c := range []struct{ kind, code string }{
		{"DropTable", "{}"},
		{"StartContainer", `{"Name":"web","Force":true}`},
		{"StartContainer", `{"Name":"web"} {}`},
		{"StartContainer", `{"Name":1}`},
		{"StartContainer", ""},
	} {
		if op, err := engine.DecodeOp(c.kind, []byte(c.code)); err == nil {
			t.Errorf("%s %s: was read as %+v", c.kind, c.code, op)
		}
	}
}
