package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// owner is the label that tells who made a volume.
const owner = "org.example.owner"

func (s *suite) claim(name, by string) engine.CreateVolume {
	s.clean(engine.RemoveVolume{Name: name})
	return engine.CreateVolume{Definition: spec.Volume{Name: name}, Labels: map[string]string{owner: by}}
}

// volumeOnce: of all who claim a volume at once, one has made it, and everybody
// is told its labels.
func volumeOnce(s *suite) {
	name := s.project + "-claimed"
	if _, err := s.VolumeLabels(s.ctx, name); !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("before it is there: %v", err)
	}
	seen := make([]string, 8)
	var all sync.WaitGroup
	for i := range seen {
		op := s.claim(name, fmt.Sprint("claimant ", i))
		all.Go(func() {
			claimed, err := s.ClaimVolume(s.ctx, op)
			if err != nil {
				s.Error(err)
			}
			labels, err := s.VolumeLabels(s.ctx, name)
			if err != nil || labels[owner] != claimed[owner] {
				s.Errorf("%v is what the claim says, %v what is there, %v", claimed, labels, err)
			}
			seen[i] = labels[owner]
		})
	}
	all.Wait()
	if owners := slices.Compact(slices.Sorted(slices.Values(seen))); len(owners) != 1 || owners[0] == "" {
		s.Errorf("it is owned by %q", owners)
	}
	s.ok(engine.RemoveVolume{Name: name})
	if labels, err := s.ClaimVolume(s.ctx, s.claim(name, "the next")); err != nil || labels[owner] != "the next" {
		s.Errorf("claimed anew: %v, %v", labels, err)
	}
	if labels, err := s.VolumeLabels(s.ctx, name); err != nil || labels[owner] != "the next" {
		s.Errorf("made anew: %v, %v", labels, err)
	}
}

func volumesWith(s *suite) {
	var want []string
	for _, key := range []string{"b", "a"} {
		name := s.project + "-" + key
		s.ok(s.claim(name, s.project))
		want = append([]string{name}, want...)
	}
	s.ok(s.claim(s.project+"-c", s.project+"-other"))
	for value, want := range map[string][]string{s.project: want, s.project + "-none": nil} {
		if got, err := s.VolumesWith(s.ctx, owner, value); err != nil || !slices.Equal(got, want) {
			s.Errorf("with %s: %q, %v; want %q", value, got, err, want)
		}
	}
}

// watchVolume tells when the volume has gone.
func watchVolume(s *suite) {
	name := s.project + "-watched"
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	told := make(chan struct{}, 100)
	if err := s.WatchVolume(ctx, name, func() { told <- struct{}{} }); err != nil {
		s.Fatal(err)
	}
	for range 2 {
		s.ok(s.claim(name, "somebody"))
		s.ok(engine.RemoveVolume{Name: name})
		s.told(told, "of the end")
	}
}

func (s *suite) told(c <-chan struct{}, what string) {
	s.Helper()
	select {
	case <-c:
	case <-s.ctx.Done():
		s.Fatalf("not told %s", what)
	}
}
