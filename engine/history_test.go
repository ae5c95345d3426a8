package engine_test

import (
	"reflect"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
)

func TestHistoryReadsBackAsItWasRecorded(t *testing.T) {
	want := engine.History{Verb: plan.Replace, Reasons: []plan.Reason{
		{Code: plan.Changed, Field: "environment.LEVEL", From: `"1"`, To: `"2"`},
		{Code: plan.Dependency, Text: "depends on db, which is made anew"},
	}}
	got, err := engine.DecodeHistory(map[string]string{engine.LabelReasons: engine.EncodeHistory(want)})
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestHistoryOfAnotherToolIsNotThere(t *testing.T) {
	if got, err := engine.DecodeHistory(map[string]string{"other": "label"}); got != nil || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := engine.DecodeHistory(map[string]string{engine.LabelReasons: "{"}); err == nil {
		t.Error("a label that is no JSON is taken")
	}
}
