package plan

import "strings"

// A Class says what a change does to what is there, from the harmless to the
// serious.
type Class string

// The classes. Where several fit, the most serious is the one.
const (
	Nothing  Class = "nothing"   // nothing that is there is touched: a build, a pull
	Creation Class = "create"    // something new comes, and nothing goes
	InPlace  Class = "in place"  // the same object goes on, changed, started or stopped
	Restarts Class = "restart"   // the same container's program ends and starts again
	Replaces Class = "replace"   // a new object takes the old one's place
	Removal  Class = "remove"    // an object goes, and nothing takes its place
	DataLoss Class = "data loss" // what a volume holds is lost to the stack
)

// Classes are all of them, from the harmless to the serious.
func Classes() []Class {
	return []Class{Nothing, Creation, InPlace, Restarts, Replaces, Removal, DataLoss}
}

// classOf is the class of a change by its verb, where nothing is lost. kinds are
// those of its actions: the run of a job creates, starts or replaces.
func classOf(verb Verb, kinds []string) Class {
	switch verb {
	case Wait, Pull, Build:
		return Nothing
	case Create:
		return Creation
	case Restart:
		return Restarts
	case Replace:
		return Replaces
	case Remove:
		return Removal
	case Run:
		return classOfRun(kinds)
	}
	return InPlace
}

func classOfRun(kinds []string) Class {
	created, removed := false, false
	for _, kind := range kinds {
		created = created || strings.HasPrefix(kind, "Create")
		removed = removed || strings.HasPrefix(kind, "Remove")
	}
	switch {
	case created && removed:
		return Replaces
	case created:
		return Creation
	}
	return InPlace
}

// Classes counts the changes of each class. A class without a change is not in
// it.
func (p *Plan) Classes() map[Class]int {
	out := map[Class]int{}
	for _, s := range p.Steps() {
		out[s.Class]++
	}
	return out
}
