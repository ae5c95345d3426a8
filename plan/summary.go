package plan

import (
	"fmt"
	"strings"
)

// mark is the class of a change behind its line; "" where the verb says it.
func (s Step) mark() string {
	switch {
	case s.Class == DataLoss:
		return fmt.Sprintf("  [data loss: %s]", strings.Join(s.Loses, ", "))
	case string(s.Class) == string(s.Verb):
		return ""
	case s.Class == Nothing:
		return "  [touches nothing]"
	}
	return fmt.Sprintf("  [%s]", s.Class)
}

// counted is how a summary tells the number of changes of a class.
var counted = map[Class]string{
	Nothing: "%d to build or pull", Creation: "%d to create", InPlace: "%d in place", Restarts: "%d to restart",
	Replaces: "%d to replace", Removal: "%d to remove", DataLoss: "%d with data loss",
}

// summary is the plan on one line.
func (p *Plan) summary(steps []Step) string {
	var parts []string
	for _, class := range Classes() {
		n, doubtful := 0, 0
		for _, s := range steps {
			if s.Class == class {
				n++
				doubtful += min(len(s.If), 1)
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf(counted[class], n)+doubt(n, doubtful))
		}
	}
	text := "plan: " + strings.Join(parts, ", ")
	switch n := len(p.Unchanged); n {
	case 0:
		return text
	case 1:
		return text + "; 1 service unchanged"
	default:
		return fmt.Sprintf("%s; %d services unchanged", text, n)
	}
}

// doubt tells how many of n changes hang on an image.
func doubt(n, doubtful int) string {
	switch doubtful {
	case 0:
		return ""
	case n:
		return " if the image changes"
	}
	return fmt.Sprintf(" (%d if the image changes)", doubtful)
}
