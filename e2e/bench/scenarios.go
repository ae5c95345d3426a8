//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"
)

// A scenario is one thing that users wait for.
type scenario struct {
	name string
	// file is the stack file; changed is the one that stands in its place when
	// the clock runs, "" for the same.
	file, changed string
	// before brings about what the timed command finds, both as arguments of
	// stack and of its peers; nil for nothing.
	before, timed []string
	// floor is the same for the floor program: PROJECT stands for the
	// project's name. A script without stages: there is no floor.
	floorBefore, floor [][][]call
	// keeps says that the timed command changes nothing, so that all of them
	// can run on what was brought about once.
	keeps bool
	// then is what is timed next, in the world that this one leaves; nil for
	// nothing.
	then *scenario
	// beside are other commands timed in turn with it, by their names.
	beside map[string][]string
	// gates is what programs take to be ready, one after the other.
	gates time.Duration
	// levels is how many of them wait for each other.
	levels int
	// slowest and early name the service whose image takes long to build, and
	// one that should be up before that is done.
	slowest, early string
}

const image = "debian:bookworm-slim"

// ready is when the programs with a healthcheck are ready, after their start.
const ready = 700 * time.Millisecond

// building is how long the slow image takes to build, at least.
const building = 6 * time.Second

func scenarios() (out []scenario) {
	up, down := []string{"up", "-d"}, []string{"down"}
	for _, n := range []int{1, 10, 30, 100} {
		out = append(out, scenario{
			name: fmt.Sprintf("up %d flat", n), file: flat(n, ""), timed: up, floor: flatFloor(n),
			then: &scenario{name: fmt.Sprintf("down %d", n), timed: down, floor: downFloor(n)},
		})
	}
	out = append(out, scenario{name: "up 30 in layers", file: layered(30), timed: up, floor: layeredFloor(30)})
	for _, n := range []int{1, 10, 30, 100} {
		out = append(out, scenario{
			name: fmt.Sprintf("nothing to do, %d", n), file: flat(n, ""), before: up, timed: up, keeps: true,
			floor: lookFloor(n), beside: map[string][]string{"docker ps -a": {"docker", "ps", "-a"}},
		})
	}
	return append(out,
		scenario{
			name: "one of 30 changed", file: flat(30, ""), changed: flat(30, "30"), before: up, timed: up,
			floorBefore: flatFloor(30), floor: changeFloor(30),
		},
		scenario{
			name: "ps, 30", file: flat(30, ""), before: up, timed: []string{"ps"}, keeps: true,
			floor: lookFloor(30), beside: map[string][]string{"docker ps -a": {"docker", "ps", "-a"}},
		},
		scenario{
			name: "health chain of 4", file: chain(4), timed: []string{"up", "-d", "--wait"}, floor: chainFloor(4),
			gates: 4 * ready, levels: 4,
		},
		scenario{
			name: "cold start with a build", file: cold(), timed: []string{"up", "-d", "--wait"}, floor: coldFloor(),
			slowest: "model", early: "db",
		},
	)
}

func service(name string, more ...string) string {
	fields := append([]string{"image: " + image, "command: [sleep, infinity]", "init: true"}, more...)
	return "  " + name + ": {" + strings.Join(fields, ", ") + "}\n"
}

// flat is n services that know nothing of each other. A value given is in the
// environment of the last.
func flat(n int, value string) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := 1; i < n; i++ {
		b.WriteString(service(fmt.Sprint("s", i)))
	}
	b.WriteString(service(fmt.Sprint("s", n), fmt.Sprintf("environment: {VALUE: %q}", value)))
	return b.String()
}

// layered is three layers of services; each of an upper one depends on two of
// the one below.
func layered(n int) string {
	var b strings.Builder
	b.WriteString("services:\n")
	layer := n / 3
	for i := range n {
		name := fmt.Sprint("s", i+1)
		if i < layer {
			b.WriteString(service(name))
			continue
		}
		below := i - layer
		other := below/layer*layer + (below+1)%layer
		b.WriteString(service(name, fmt.Sprintf("depends_on: [s%d, s%d]", below+1, other+1)))
	}
	return b.String()
}

var check = `healthcheck: {test: ["CMD", "test", "-f", "/ready"], interval: 5s}`

func program() string {
	return fmt.Sprintf(`command: [sh, -c, "sleep %.1f; touch /ready; exec sleep infinity"]`, ready.Seconds())
}

// chain is n services, each waiting for the health of the one before.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  s%d: {image: %s, %s, init: true, %s", i, image, program(), check)
		if i > 1 {
			fmt.Fprintf(&b, ", depends_on: {s%d: {condition: service_healthy}}", i-1)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// cold is a database beside a model whose image takes long to build, and never
// comes from the cache: NONCE is another one in each run.
func cold() string {
	return fmt.Sprintf(`services:
  db: {image: %[1]s, %[2]s, init: true, %[3]s}
  model:
    build:
      context: .
      args: {NONCE: "${NONCE}"}
      dockerfile_inline: |
%[4]s
    command: [sleep, infinity]
    init: true
    depends_on: {db: {condition: service_healthy}}
`, image, program(), check, "        "+strings.ReplaceAll(dockerfile, "\n", "\n        "))
}

var dockerfile = fmt.Sprintf("FROM %s\nARG NONCE\nRUN echo $NONCE && sleep %.0f", image, building.Seconds())
