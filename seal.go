package stack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/planner"
	"github.com/stackfile/stack/spec"
)

// savedVersion is raised when an older stack could misread a saved plan.
const savedVersion = 1

// A Key signs saved plans, so that one is carried out only as it was made.
type Key []byte

// sum is the signature of text. use keeps what is signed for one purpose from
// being of use for another.
func (k Key) sum(use string, text []byte) string {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(use + "\x00"))
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil))
}

// name tells the key from others, and nothing about it.
func (k Key) name() string { return k.sum("stack key", nil)[:16] }

// sealed is the form of a saved plan's file.
type sealed struct {
	Kind    string          `json:"kind"`
	Version int             `json:"version"`
	Key     string          `json:"key"`  // the name of the one that signed it
	HMAC    string          `json:"hmac"` // SHA-256, of the plan's text as it stands
	Saved   json.RawMessage `json:"saved"`
}

// seal signs what is to be saved. Of one text and one key there is one form
// only, so that no byte of a file can change unseen.
func (k Key) seal(saved []byte) []byte {
	return fmt.Appendf(nil, planHead+`"version":%d,"key":%q,"hmac":%q,"saved":%s}`+"\n", savedVersion, k.name(), k.sum("stack plan 1", saved), saved)
}

// open returns what was sealed with this key.
func (k Key) open(file []byte) ([]byte, error) {
	var s sealed
	err := json.Unmarshal(file, &s)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line, column := position(file, syntax.Offset)
		return nil, &SealError{Line: line, Column: column, Text: "cut short, or no saved plan: " + err.Error()}
	case err != nil || s.HMAC == "" || s.Saved == nil:
		return nil, &SealError{Text: "no saved plan"}
	case s.Version != savedVersion:
		return nil, &SealError{Text: fmt.Sprintf("version %d: this stack reads version %d", s.Version, savedVersion)}
	case len(k) == 0:
		return nil, &SealError{Text: "there is no key here that it could be signed with"}
	case s.Key != k.name():
		return nil, &SealError{Text: "signed with another key than the one here"}
	case !hmac.Equal(k.seal(s.Saved), file):
		return nil, &SealError{Text: "not as it was written: its signature does not fit"}
	}
	return s.Saved, nil
}

// position is where the n-th byte stands, from 1.
func position(text []byte, n int64) (line, column int) {
	before := string(text[:min(max(n-1, 0), int64(len(text)))])
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// A SealError says why a file is not taken for a saved plan.
type SealError struct {
	Line, Column int // where its text ends to make sense; 0 for as a whole
	Text         string
}

func (e *SealError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Text)
	}
	return e.Text
}

// savedCode is a Saved in JSON. Where services stand in their files is kept,
// which the JSON of a stack leaves out.
type savedCode struct {
	Made      time.Time                `json:"made"`
	Engine    string                   `json:"engine"`
	Query     engine.Query             `json:"query"`
	Options   planner.Options          `json:"options"`
	Desired   *spec.Stack              `json:"desired"`
	Positions map[string]spec.Position `json:"positions,omitempty"`
	Plan      json.RawMessage          `json:"plan"`
	Waiting   json.RawMessage          `json:"waiting,omitempty"`
}

// Encode returns the file that holds s, signed.
func (s *Saved) Encode(k Key) ([]byte, error) {
	c := savedCode{Made: s.Made, Engine: s.Engine, Query: s.Query, Options: s.Options, Desired: s.Desired, Positions: s.Desired.Positions}
	var err error
	if c.Plan, err = s.Plan.Encode(); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if s.Waiting != nil {
		if c.Waiting, err = s.Waiting.Encode(); err != nil {
			return nil, fmt.Errorf("plan: %w", err)
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return k.seal(text), nil
}

// DecodeSaved reads a file that Encode has made with the same key. Any other is
// a *SealError; without a key, every one.
func DecodeSaved(file []byte, k Key) (*Saved, error) {
	text, err := k.open(file)
	if err != nil {
		return nil, err
	}
	var c savedCode
	if err := plan.DecodeStrictly(text, &c); err != nil {
		return nil, &SealError{Text: "made by another version of stack: " + err.Error()}
	}
	s, err := c.saved()
	if err != nil {
		return nil, &SealError{Text: "made by another version of stack: " + err.Error()}
	}
	return s, nil
}

func (c savedCode) saved() (*Saved, error) {
	if c.Desired == nil {
		return nil, errors.New("no stack in it")
	}
	s := &Saved{Made: c.Made, Engine: c.Engine, Query: c.Query, Options: c.Options, Desired: c.Desired}
	s.Desired.Positions = c.Positions
	var err error
	if s.Plan, err = plan.Decode(c.Plan, engine.DecodeOp); err != nil {
		return nil, err
	}
	if c.Waiting != nil {
		s.Waiting, err = plan.Decode(c.Waiting, engine.DecodeOp)
	}
	return s, err
}
