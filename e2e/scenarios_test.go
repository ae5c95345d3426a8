//go:build e2e

package e2e_test

import "strings"

// tiers is the stack that meets the faults: a database that keeps something in
// a volume, a service in the middle whose creation takes every kind of step, and
// one that follows it. Its programs are ready, and stop, at once. The engine
// itself probes none of them: that would only cost time.
const tiers = `
-- stack.yaml --
services:
  db:
    image: ${PROBE}
    volumes: [data:/data]
    networks: [inner]
    healthcheck: {test: [CMD, /probe, health], interval: 1h}
  back:
    image: ${PROBE}
    command: [-address, ":8080"]
    environment: {LEVEL: "1"}
    restart: always
    volumes: [/scratch]
    networks: [inner, outer]
    configs: [settings]
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: [CMD, /probe, health], interval: 1h}
    deploy: {replicas: 1}
  front:
    image: ${PROBE}
    networks: [outer]
    depends_on: {back: {condition: service_healthy, restart: true}}
networks: {inner: {internal: false}, outer: {}}
volumes: {data: {}}
configs: {settings: {content: "x"}}
`

// A scenario is a change of that stack, and the command that makes it. Those of
// a cycle follow each other: each begins where the one before has ended. Two of
// one name are the same there and back, and share its points.
type scenario struct {
	name string
	edit func(text string) string // what changes in the file; nil: nothing
	args []string
	code int
	// fresh says that nothing is there at first: the volumes that the scenario
	// before has left, as it must, go.
	fresh bool
}

func swap(from, to string) func(string) string {
	return func(text string) string { return strings.Replace(text, from, to, 1) }
}

var up = []string{"up", "-d"}

var cycles = [][]scenario{
	{
		{name: "create", args: up, fresh: true},
		{name: "down", args: []string{"down"}},
	},
	{
		{name: "update", edit: swap(`LEVEL: "1"`, `LEVEL: "2"`), args: up},
		{name: "update", edit: swap(`LEVEL: "2"`, `LEVEL: "1"`), args: up},
	},
	{
		{name: "failing update", edit: swap(`command: [-address, ":8080"]`, `command: [exit, "3"]`), args: up, code: 1},
	},
	{
		{name: "scale up", edit: swap("replicas: 1", "replicas: 3"), args: up},
		{name: "scale down", edit: swap("replicas: 3", "replicas: 1"), args: up},
	},
	{
		{name: "network change", edit: swap("internal: false", "internal: true"), args: up},
		{name: "network change", edit: swap("internal: true", "internal: false"), args: up},
	},
}
