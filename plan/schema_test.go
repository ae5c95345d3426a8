package plan_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stackfile/stack/internal/laws"
	"github.com/stackfile/stack/plan"
)

const schemaFile = "../docs/plan.schema.json"

func TestJSONIsAsTheSchemaSays(t *testing.T) {
	schema, err := laws.ReadSchema(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	text, err := everything().JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Check(text); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	more := strings.Replace(string(text), `"project"`, `"undocumented": 1, "project"`, 1)
	if schema.Check([]byte(more)) == nil {
		t.Error("a field that is not in the schema passes")
	}
}

func TestSchemaDescribesEachField(t *testing.T) {
	schema := readSchema(t)
	if version := schema.Properties["version"]; version.Const != plan.JSONVersion {
		t.Errorf("the schema is of version %v, the program's is %d", version.Const, plan.JSONVersion)
	}
	closed(t, "plan", schema.object)
	for name, o := range schema.Defs {
		closed(t, name, o)
	}
}

// TestEachFieldOfTheSchemaIsPrinted holds the schema to say nothing that no plan
// has.
func TestEachFieldOfTheSchemaIsPrinted(t *testing.T) {
	text, err := everything().JSON()
	if err != nil {
		t.Fatal(err)
	}
	schema := readSchema(t)
	for name, o := range schema.Defs {
		wantKeys(t, string(text), name, o)
	}
	wantKeys(t, string(text), "plan", schema.object)
}

func wantKeys(t *testing.T, text, name string, o object) {
	t.Helper()
	for key := range o.Properties {
		if !strings.Contains(text, `"`+key+`":`) {
			t.Errorf("%s.%s: in the schema, but in no plan", name, key)
		}
	}
}

type object struct {
	Type        string
	Description string
	Const       any
	Additional  any `json:"additionalProperties"`
	Properties  map[string]object
}

type document struct {
	object
	Defs map[string]object `json:"$defs"`
}

func readSchema(t *testing.T) (d document) {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if version, ok := d.Properties["version"].Const.(float64); ok {
		p := d.Properties["version"]
		p.Const = int(version)
		d.Properties["version"] = p
	}
	return d
}

func closed(t *testing.T, name string, o object) {
	t.Helper()
	if o.Type == "object" && o.Additional != false {
		t.Errorf("%s: takes fields that the schema does not have", name)
	}
	if o.Description == "" {
		t.Errorf("%s: no description", name)
	}
	for key, field := range o.Properties {
		if field.Description == "" {
			t.Errorf("%s.%s: no description", name, key)
		}
	}
}
