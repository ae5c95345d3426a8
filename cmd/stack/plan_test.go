package main

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// TestPlanTakesEachFlagOfUp lets up in a command line be replaced by plan.
func TestPlanTakesEachFlagOfUp(t *testing.T) {
	root := rootCommand(&program{Environment: Environment{Now: time.Now, Args: []string{"up", "plan"}}})
	up, _, err := root.Find([]string{"up"})
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := root.Find([]string{"plan"})
	if err != nil {
		t.Fatal(err)
	}
	flags := 0
	up.Flags().VisitAll(func(f *pflag.Flag) {
		flags++
		same := made.Flags().Lookup(f.Name)
		if same == nil || same.Shorthand != f.Shorthand || same.Value.Type() != f.Value.Type() || same.NoOptDefVal != f.NoOptDefVal {
			t.Errorf("--%s: up has %+v, plan has %+v", f.Name, f, same)
		}
	})
	if flags < 40 {
		t.Errorf("up has only %d flags: were they looked at?", flags)
	}
}
