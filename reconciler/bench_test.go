package reconciler_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

const many = 10_000

// wide is one action with all others after it, and one after all of those.
func wide() *plan.Plan {
	p := of(act("first"))
	last := act("last")
	for i := range many {
		p.Actions = append(p.Actions, act(fmt.Sprint(i), "first"))
		last.After = append(last.After, plan.Edge{ID: fmt.Sprint(i)})
	}
	p.Actions = append(p.Actions, last)
	return p
}

// deep is a chain.
func deep() *plan.Plan {
	p := of(act("0"))
	for i := 1; i < many; i++ {
		p.Actions = append(p.Actions, act(fmt.Sprint(i), fmt.Sprint(i-1)))
	}
	return p
}

func TestTenThousandActionsTakeNoTime(t *testing.T) {
	for name, p := range map[string]*plan.Plan{"wide": wide(), "deep": deep()} {
		for _, failing := range []string{"none", "0", "first"} {
			began := time.Now()
			_, _ = reconciler.Apply(t.Context(), fail(failing), p, reconciler.Options{Events: func(reconciler.Event) {}})
			// A quadratic loop takes minutes; the race detector makes this
			// one some ten times slower.
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s, %s fails: %v", name, failing, took)
			}
		}
	}
}

func BenchmarkApply(b *testing.B) {
	perform := func(context.Context, plan.Op, func(plan.Progress)) (plan.Outcome, error) { return plan.Outcome{}, nil }
	for name, p := range map[string]*plan.Plan{"wide": wide(), "deep": deep()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := reconciler.Apply(b.Context(), perform, p, reconciler.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
