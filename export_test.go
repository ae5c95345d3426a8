package stack

// Seal signs any text, as if it were that of a plan.
func Seal(k Key, text []byte) []byte { return k.seal(text) }
