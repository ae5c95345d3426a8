package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stackfile/stack/engine"
)

// An Identity tells a process from all others, on this machine and elsewhere.
type Identity struct {
	Host string `json:"host"`           // its name, for people
	Boot string `json:"boot,omitempty"` // of the machine; "" when it is not known
	// Namespaces are those in which PID and Started are meant.
	Namespaces string `json:"namespaces,omitempty"`
	PID        int    `json:"pid"`
	// Started tells the process from a later one of the same PID: clock ticks
	// since the boot.
	Started uint64 `json:"started,omitempty"`
}

// A Holder is who holds a lock. Its JSON form is the label of the lock's volume.
type Holder struct {
	Identity
	Nonce   string    `json:"nonce"` // of this hold, never used again
	Command string    `json:"command,omitempty"`
	Since   time.Time `json:"since"`
}

// unmarked is the nonce of a lock that has no labels. An engine that is ended
// while it makes a volume can leave it behind like that; it has answered nobody, so
// nobody holds it, and it counts as a dead one's.
const unmarked = "unmarked"

// String names the holder for people.
func (h Holder) String() string {
	if h.Nonce == unmarked {
		return "nobody: the engine ended while it was made"
	}
	text := fmt.Sprintf("pid %d on host %s", h.PID, h.Host)
	if h.Command != "" {
		text = h.Command + ", " + text
	}
	return text + ", since " + h.Since.Format(time.RFC3339)
}

func (h Holder) encode() string {
	text, _ := json.Marshal(h) // strings, numbers and a time always encode
	return string(text)
}

func decode(labels map[string]string) (Holder, error) {
	text, ok := labels[engine.LabelHolder]
	switch {
	case len(labels) == 0:
		return Holder{Nonce: unmarked}, nil
	case !ok:
		return Holder{}, errors.New("is there, and is no lock")
	}
	var h Holder
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		return Holder{}, fmt.Errorf("label %s: %w", engine.LabelHolder, err)
	}
	if h.Nonce == "" {
		return Holder{}, fmt.Errorf("label %s: no nonce", engine.LabelHolder)
	}
	return h, nil
}

// Life is what can be said about a holder from here.
type Life string

// Only a process of this very boot and these namespaces can be known to be
// alive or dead.
const (
	Alive   Life = "alive"
	Dead    Life = "dead"
	Unknown Life = "unknown"
)

// A Process is one that takes locks, and can tell which others live. Self gives
// this one.
type Process struct {
	Identity
	look func(pid int) (started uint64, life Life)
}

// Life says whether a holder lives. It is Dead only when that is certain.
func (p Process) Life(h Holder) Life {
	if p.Boot == "" || p.Namespaces == "" || h.Boot != p.Boot || h.Namespaces != p.Namespaces || p.look == nil {
		return Unknown
	}
	started, life := p.look(h.PID)
	if life == Alive && started != h.Started {
		return Dead
	}
	return life
}
