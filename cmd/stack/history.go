package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/docker/go-units"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/planner"
)

// history prints the generations, the newest first.
func (p *program) history(ctx context.Context, project, form string) error {
	e, err := p.open(ctx)
	if err != nil {
		return err
	}
	entries, err := stack.History(ctx, e, project)
	if err != nil {
		return err
	}
	slices.Reverse(entries)
	if form == "json" {
		text, err := json.Marshal(entries)
		p.answer(string(text) + "\n")
		return err
	}
	text, err := p.historyTable(entries)
	p.answer(text)
	return err
}

func (p *program) historyTable(entries []planner.Entry) (string, error) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 1, 3, ' ', 0)
	_, err := fmt.Fprintln(w, "GENERATION\tRECORDED\tCHANGES\tIMAGES")
	for i, e := range entries {
		number := fmt.Sprint(e.Number)
		if e.Current {
			number += " (current)"
		}
		ago := units.HumanDuration(max(0, p.Now().Sub(e.Recorded)).Round(time.Second)) + " ago"
		_, failed := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", number, ago, historyChanges(e, i == len(entries)-1), historyImages(e))
		err = cmp.Or(err, failed)
	}
	err = cmp.Or(err, w.Flush())
	return b.String(), err
}

func historyChanges(e planner.Entry, oldest bool) string {
	switch {
	case !e.Readable:
		return "(of another version of stack)"
	case len(e.Changes) == 0 && oldest:
		return "(the oldest)"
	case len(e.Changes) == 0:
		return "-"
	}
	return strings.Join(e.Changes, ", ")
}

// historyImages are the services' images, in short.
func historyImages(e planner.Entry) string {
	var out []string
	for service, id := range e.Images {
		_, hex, _ := strings.Cut(id, ":")
		out = append(out, service+" "+ellipsis(hex, 12, ""))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
