package plan

import (
	"fmt"
	"strings"
	"time"
)

// An Outage is what of a service is unavailable while the plan is carried out,
// and how long by its own record.
type Outage struct {
	Service string
	Kind    OutageKind
	// For is how long it took last time; 0 when there is no record. Of a
	// Reduced service it is the time of one replica.
	For time.Duration
	// AtLeast says that only a part of For was ever measured.
	AtLeast  bool
	Replicas int // that run now
	// If says that it hangs on an image, like the change that causes it.
	If bool
	// Network is that which a Cut service is off for a moment.
	Network string
	// Needed are the services that depend on it and stay up, sorted.
	Needed []string
}

// An OutageKind says how far a service is unavailable.
type OutageKind string

// The kinds of outages.
const (
	Down    OutageKind = "down"    // no replica answers, until the new one is ready
	Reduced OutageKind = "reduced" // some replicas answer at any moment
	Cut     OutageKind = "cut"     // running, but off a network for a moment
	Ended   OutageKind = "ended"   // no replica answers any more
)

// String tells the outage on one line, without the service.
func (o Outage) String() string {
	text := o.what()
	if o.If {
		text = "if the image changes: " + text
	}
	if len(o.Needed) > 0 {
		text += "; needed by " + strings.Join(o.Needed, ", ")
	}
	return text
}

func (o Outage) what() string {
	switch o.Kind {
	case Reduced:
		return fmt.Sprintf("reduced: its %d replicas take turns, %s each", o.Replicas, o.howLong())
	case Cut:
		return fmt.Sprintf("cut off from network %s for a moment", o.Network)
	case Ended:
		return "unavailable from then on"
	}
	return "unavailable: " + o.howLong()
}

func (o Outage) howLong() string {
	switch {
	case o.For == 0:
		return "no record yet of how long"
	case o.AtLeast:
		return "at least " + seconds(o.For)
	}
	return "about " + seconds(o.For)
}

// seconds is a duration as a person would say it.
func seconds(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return "0.1 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}
