package docker

import (
	"errors"

	"github.com/stackfile/stack/engine"
)

// gate refuses what an engine of the given API version would ignore, all of it
// at once.
func gate(op engine.CreateContainer, api string) error {
	main := ""
	var err error
	if len(op.Connect) > 0 {
		main = op.Connect[0]
	}
	if len(op.Connect) > 1 {
		err = engine.Needs("networks: more than one at creation", "1.44", api)
	}
	return errors.Join(err, engine.CheckContainer(op.Definition, main, api))
}
