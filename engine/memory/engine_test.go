package memory_test

import (
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/memory"
)

var _ engine.Engine = (*memory.Engine)(nil)
