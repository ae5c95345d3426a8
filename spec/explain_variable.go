package spec

import "github.com/compose-spec/compose-go/v2/types"

// variable says where a variable that is used comes from.
func (e *explainer) variable(u use) Variable {
	v := Variable{Name: u.name, From: FromEnvironment}
	switch {
	case u.given == byNothing:
		v.From = FromNowhere
	case u.given == byDefault:
		v.From = FromDefault
	case u.at.src != nil:
		v.From, v.File, v.Line = FromFile, u.at.src.name, u.at.line
	case u.name == projectVariable && e.asked != "":
		v.From = FromFlag
	case u.origins.has(u.name):
	default:
		e.fromFile(&v, u)
	}
	return v
}

func (e *explainer) fromFile(v *Variable, u use) {
	in := func(file string) map[string]definition { return e.definitionsIn(types.EnvFile{Path: file}) }
	file, d, ok := u.origins.file(u.name, in)
	name := e.tree.get("name")
	switch {
	case ok:
		v.From, v.File, v.Line = FromEnvFile, e.reader.name(file), d.line
	case u.name == projectVariable && name != nil:
		v.From, v.File, v.Line = FromFile, name.at.src.name, name.at.line
	case u.name == projectVariable:
		v.From = FromDefault
	}
}
