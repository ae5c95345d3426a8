package spec

// The sections x-stack, ours, are held to schemas of their own: at the top of a
// file, and in a service. An unknown key in them is an error, unlike in the
// extensions of others.
var (
	ownTop = &schema{
		Type: words{"object", "null"}, Unevaluated: new(bool),
		Properties: map[string]*schema{"on_failure": onFailure},
	}
	ownService = &schema{
		Type: words{"object", "null"}, Unevaluated: new(bool),
		Properties: map[string]*schema{
			"on_failure": onFailure,
			"update": {
				Type: words{"object"}, Unevaluated: new(bool),
				Properties: map[string]*schema{"shared_volumes": {Type: words{"boolean"}}},
			},
		},
	}
	onFailure = &schema{Type: words{"string"}, Enum: []string{string(Rollback), string(Stop), string(Continue)}}
)

const ownKey = "x-stack"

// ownKeys checks the sections x-stack.
func (c *checker) ownKeys() {
	check := &schemaCheck{}
	if own := c.tree.get(ownKey); own != nil {
		check.value(ownTop, own, []string{ownKey})
	}
	for name, service := range c.services {
		if own := service.get(ownKey); own != nil {
			check.value(ownService, own, []string{"services", name, ownKey})
		}
	}
	for _, f := range check.findings {
		c.report(f)
	}
}
