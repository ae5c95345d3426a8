//go:build linux

package main

import (
	"slices"
	"time"
)

// calibrate finds how many chains of calls at once make the floor lowest.
func (b *bench) calibrate(try func(contender int) ([]sample, error)) error {
	const floor = 1
	tried := []int{1, 2, 4, 8, 16}
	took := map[*bench][]time.Duration{}
	for _, n := range tried {
		for _, of := range b.all() {
			of.contenders[floor].floor = script{n, of.floor}
		}
		samples, err := try(floor)
		if err != nil {
			return err
		}
		for i, of := range b.all() {
			took[of] = append(took[of], samples[i].took)
		}
	}
	for _, of := range b.all() {
		c, best := of.contenders[floor], slices.Index(took[of], slices.Min(took[of]))
		c.floor.Parallel, c.extra = tried[best], nil
	}
	return nil
}

// counting counts the calls of stack and of its peers, in runs of their own.
func (b *bench) counting() error {
	for i, c := range b.contenders {
		if c.program == nil {
			continue
		}
		if err := b.countedOnce(i); err != nil {
			return err
		}
	}
	return nil
}

// countedOnce is a run of the i-th contender with a proxy for each command.
func (b *bench) countedOnce(i int) error {
	var hosts []string
	var proxies []*proxy
	defer func() {
		for _, p := range proxies {
			p.stop()
		}
	}()
	for range b.all() {
		p, err := newProxy()
		if err != nil {
			return err
		}
		proxies, hosts = append(proxies, p), append(hosts, p.host)
	}
	_, err := b.once(i, hosts)
	for n, of := range b.all() {
		of.contenders[i].calls = proxies[n].taken()
	}
	return err
}

func (b *bench) counted(c *contender, again func(c *contender, host string) error) error {
	p, err := newProxy()
	if err != nil {
		return err
	}
	defer p.stop()
	if err := again(c, p.host); err != nil {
		return err
	}
	c.calls = p.taken()
	return nil
}
