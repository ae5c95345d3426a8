package laws

import (
	"bytes"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Schema is a published form of JSON.
type Schema struct{ compiled *jsonschema.Schema }

// ReadSchema reads a JSON Schema from its file.
func ReadSchema(file string) (*Schema, error) {
	compiled, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", file, err)
	}
	return &Schema{compiled}, nil
}

// Check returns an error that says what of a text is not as the schema has it.
func (s *Schema) Check(text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.compiled.Validate(value)
}
