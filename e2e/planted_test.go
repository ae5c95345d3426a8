//go:build e2e

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// planted are attributes, each with the field of the engine's answer in which
// it shows.
var planted = []struct{ attribute, field string }{
	{`environment: {PLANTED: "1"}`, "Config.Env"},
	{`command: [/probe, planted]`, "Config.Cmd"},
	{`working_dir: /planted`, "Config.WorkingDir"},
	{`user: "7"`, "Config.User"},
	{`hostname: planted`, "Config.Hostname"},
	{`labels: {planted: "1"}`, "Config.Labels"},
	{`stop_signal: SIGINT`, "Config.StopSignal"},
	{`tty: true`, "Config.Tty"},
	{`healthcheck: {test: [CMD, /probe, say, planted]}`, "Config.Healthcheck"},
	{`expose: [4711]`, "Config.ExposedPorts"},
	{`restart: always`, "HostConfig.RestartPolicy"},
	{`cap_add: [SYS_TIME]`, "HostConfig.CapAdd"},
	{`mem_limit: 99m`, "HostConfig.Memory"},
	{`cpus: 0.75`, "HostConfig.NanoCpus"},
	{`ports: ["127.0.0.1::4712"]`, "HostConfig.PortBindings"},
	{`extra_hosts: ["planted:10.0.0.1"]`, "HostConfig.ExtraHosts"},
	{`logging: {driver: json-file, options: {max-file: "7"}}`, "HostConfig.LogConfig"},
	{`read_only: true`, "HostConfig.ReadonlyRootfs"},
	{`shm_size: 9m`, "HostConfig.ShmSize"},
	{`ulimits: {nofile: 777}`, "HostConfig.Ulimits"},
	{`volumes: ["/planted"]`, "Mounts"},
	{`networks: {default: {aliases: [planted]}}`, "NetworkSettings.Networks"},
}

// wide are attributes that show in more than one field.
var wide = []string{"command:", "ports:", "volumes:"}

// TestAPlantedDifferenceIsFound holds the comparison, with all that it leaves
// out, to differences that are there: each service has one attribute that the
// first does not have.
func TestAPlantedDifferenceIsFound(t *testing.T) {
	file := "-- compose.yaml --\nservices:\n  qqbase: {image: \"${PROBE}\"}\n"
	for i, p := range planted {
		file += fmt.Sprintf("  qq%02d: {image: \"${PROBE}\", %s}\n", i, p.attribute)
	}
	s := newSandbox(t, file)
	s.run("create")
	all := s.world()
	s.run("down", "-v")
	base, rules := all.of("qqbase"), differencesListed(t)
	for i, p := range planted {
		found := false
		for _, d := range diff(base, all.of(fmt.Sprintf("qq%02d", i))) {
			if rules.expect(d, file) {
				continue
			}
			within := strings.HasPrefix(d.path, "container qq-1 "+p.field)
			found = found || within
			if !within && !slices.Contains(wide, strings.Fields(p.attribute)[0]) {
				t.Errorf("%s: found also %s", p.attribute, d)
			}
		}
		if !found {
			t.Errorf("%s: no difference is found in %s", p.attribute, p.field)
		}
	}
}

// of is what the world tells of one service, which is called qq instead.
func (w world) of(service string) world {
	out := world{}
	for path, value := range w {
		if kind, rest, _ := strings.Cut(path, " "); strings.HasPrefix(rest, service+"-") {
			out[kind+" "+strings.ReplaceAll(rest, service, "qq")] = strings.ReplaceAll(value, service, "qq")
		}
	}
	return out
}
