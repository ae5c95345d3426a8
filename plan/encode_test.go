package plan_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/stackfile/stack/plan"
)

// ping is an operation of a target that is only here.
type ping struct{ Host string }

func (ping) Kind() string { return "Ping" }

func decodePing(kind string, code []byte) (plan.Op, error) {
	if kind != "Ping" {
		return nil, errors.New("no such operation")
	}
	var op ping
	err := plan.DecodeStrictly(code, &op)
	return op, err
}

func TestAPlanIsDecodedAsItWas(t *testing.T) {
	p := &plan.Plan{
		Target: "docker", Project: "app",
		Base: plan.Base{{Object: "container", Name: "web", Identity: "1", Status: "running", Fields: map[string]string{"mem_limit": "1"}}},
		Actions: []plan.Action{
			{ID: "a", Change: plan.Change{Verb: plan.Create, Object: "container", Name: "web", Service: "web"}, Op: ping{"secret"}, Reasons: []plan.Reason{{Code: plan.Changed, Field: "f", From: "1", To: "2", Text: "t"}}},
			{
				ID: "b", Op: ping{"b"}, Reasons: []plan.Reason{{Code: plan.Missing}}, Unless: plan.Guard{{ID: "a", Image: "web:1", ImageID: "sha256:1"}},
				After: []plan.Edge{{ID: "a"}, {ID: "a", When: plan.Failed}, {ID: "a", When: plan.Settled}},
			},
		},
		Notes: []plan.Note{{Service: "web", Text: "note"}}, Skips: []plan.Skip{{Service: "job", Text: "skip"}},
	}
	code, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := plan.Decode(code, decodePing)
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%v\ngot  %+v\nwant %+v\nfrom %s", err, got, p, code)
	}
	if shown, err := p.JSON(); err != nil || strings.Contains(string(shown), "secret") {
		t.Errorf("what is shown has an operation's argument: %s, %v", shown, err)
	}
}

func TestWhatIsNoWholePlanIsNotDecoded(t *testing.T) {
	action := func(more string) string {
		return `{"Actions":[{"ID":"a","Kind":"Ping","Op":{"Host":"h"},"Reasons":[{}]` + more + `}]}`
	}
	if _, err := plan.Decode([]byte(action("")), decodePing); err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		"":                              "unexpected end",
		action("") + "{}":               "after top-level value",
		`{"Actoins":[]}`:                `unknown field "Actoins"`,
		action(`,"Unlesss":[]`):         "unknown field",
		action(`,"Kind":"Pong"`):        `action "a": no such operation`,
		action(`,"Op":{"Port":1}`):      `unknown field "Port"`,
		action(`,"After":[{"ID":"b"}]`): `after unknown action "b"`,
		action(`,"After":[{"ID":"a"}]`): "comes after itself",
		action(`,"Reasons":[]`):         "no reason",
		action(`,"After":[{"ID":"a","When":"perhaps"}]`): `when "perhaps": unknown`,
	} {
		if _, err := plan.Decode([]byte(code), decodePing); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", code, err, want)
		}
	}
}
