package spec

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// durations, sizes and cores are the fields of a service whose text is parsed
// further than the schema does.
var (
	durations = []string{
		"stop_grace_period", "pull_refresh_after", "healthcheck.interval", "healthcheck.timeout",
		"healthcheck.start_period", "healthcheck.start_interval", "deploy.update_config.delay",
		"deploy.update_config.monitor", "deploy.rollback_config.delay", "deploy.rollback_config.monitor",
		"deploy.restart_policy.delay", "deploy.restart_policy.window",
	}
	sizes = []string{
		"mem_limit", "memswap_limit", "mem_reservation", "mem_swappiness", "shm_size", "build.shm_size",
		"deploy.resources.limits.memory", "deploy.resources.reservations.memory",
	}
	cores = []string{"cpus", "deploy.resources.limits.cpus", "deploy.resources.reservations.cpus"}
)

// values checks what single values mean.
func (c *checker) values(at string, service *node) {
	for _, path := range durations {
		c.value(at, service, path, checkDuration, "a number and a unit, such as 1m30s")
	}
	for _, path := range sizes {
		c.value(at, service, path, checkSize, "a number and a unit, such as 512m")
	}
	for _, path := range cores {
		c.value(at, service, path, checkCores, "a number of cores, such as 0.5")
	}
	c.value(at, service, "restart", checkRestart, "no, always, unless-stopped, on-failure or on-failure:3")
	c.value(at, service, "deploy.restart_policy.condition", checkCondition, "none, on-failure or any")
	c.value(at, service, "deploy.mode", checkMode, "replicated, global, replicated-job or global-job")
	c.value(at, service, "pull_policy", checkPullPolicy, "always, never, missing, build, refresh, daily, weekly or every_<duration>")
	c.health(at, service)
	c.restartAttempts(at, service)
	c.listValues(at, service)
}

func (c *checker) value(at string, service *node, path string, check func(string) error, hint string) {
	n := service.get(strings.Split(path, ".")...)
	if n == nil || n.kind != scalarNode {
		return
	}
	if err := check(n.text()); err != nil {
		c.report(n.at.finding(at+"."+path, fmt.Sprintf("%q: %v", shorten(n.text()), err), hint))
	}
}

func checkRestart(text string) error {
	policy, attempts, ok := strings.Cut(text, ":")
	if ok {
		if n, err := strconv.Atoi(attempts); err != nil || n < 0 || policy != "on-failure" {
			return fmt.Errorf("unknown restart policy")
		}
	}
	if !slices.Contains([]string{"", "no", "always", "on-failure", "unless-stopped"}, policy) {
		return fmt.Errorf("unknown restart policy")
	}
	return nil
}

func checkCondition(text string) error {
	if !slices.Contains([]string{"none", "no", "on-failure", "any", "always", "unless-stopped"}, text) {
		return fmt.Errorf("unknown condition")
	}
	return nil
}

func checkMode(text string) error {
	if !slices.Contains([]string{"replicated", "global", "replicated-job", "global-job"}, text) {
		return fmt.Errorf("unknown mode")
	}
	return nil
}

// health checks what belongs together in a healthcheck.
func (c *checker) health(at string, service *node) {
	check := service.get("healthcheck")
	if test := check.get("test"); test != nil && test.kind == listNode && len(test.items) > 0 {
		first := test.items[0].text()
		if !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, first) {
			c.report(test.items[0].at.finding(at+".healthcheck.test", fmt.Sprintf("begins with %q, not with CMD, CMD-SHELL or NONE", shorten(first)), `write ["CMD", ...], or one text for a shell`))
		}
	}
	if n := check.get("start_interval"); n != nil && check.get("start_period") == nil {
		c.report(n.at.finding(at+".healthcheck.start_interval", "has no effect without start_period", ""))
	}
	for _, ref := range dependencies(at, service) {
		target := c.services[ref.name]
		off := target.get("healthcheck", "disable")
		healthy := mapped(service.get("depends_on"), true).get(ref.name, "condition").text() == string(Healthy)
		if healthy && off != nil && off.value == true {
			c.report(ref.at.finding(ref.field, fmt.Sprintf("waits for the health of %q, whose healthcheck is disabled", ref.name), ""))
		}
	}
}

func (c *checker) restartAttempts(at string, service *node) {
	policy := service.get("deploy", "restart_policy")
	attempts := policy.get("max_attempts")
	if attempts != nil && policy.get("condition").text() != "on-failure" {
		c.warn(attempts.at.finding(at+".deploy.restart_policy.max_attempts", "has no effect: the engine counts attempts with the condition on-failure only", ""))
	}
}

// listValues checks the entries of lists.
func (c *checker) listValues(at string, service *node) {
	c.entries(at+".ports", service.get("ports"), checkPort)
	c.entries(at+".expose", service.get("expose"), func(n *node) error { return checkExpose(n.text()) })
	c.entries(at+".volumes", service.get("volumes"), checkMount)
	c.entries(at+".deploy.placement.constraints", service.get("deploy", "placement", "constraints"), checkConstraint)
	c.entries(at+".gpus", service.get("gpus"), checkDevices)
	c.entries(at+".deploy.resources.reservations.devices", service.get("deploy", "resources", "reservations", "devices"), checkDevices)
	for _, key := range []string{"secrets", "configs"} {
		c.entries(at+"."+key, service.get(key), checkFileEntry)
	}
	hosts := service.get("extra_hosts")
	if hosts != nil {
		c.entries(at+".extra_hosts", listed(hosts), func(n *node) error { return checkHost(n.text()) })
	}
}

func (c *checker) entries(field string, list *node, check func(*node) error) {
	if list == nil || list.kind != listNode {
		return
	}
	for i, item := range list.items {
		if err := check(item); err != nil {
			c.report(item.at.finding(fmt.Sprintf("%s[%d]", field, i), err.Error(), ""))
		}
	}
}

// checkMount checks an entry of volumes.
func checkMount(n *node) error {
	if n.kind != mapNode {
		return checkMountText(n.text())
	}
	if n.get("target").text() == "" {
		return fmt.Errorf(`missing key "target"`)
	}
	if kind := n.get("type").text(); (kind == "bind" || kind == "image") && n.get("source").text() == "" {
		return fmt.Errorf(`missing key "source" of a %s mount`, kind)
	}
	if size := n.get("tmpfs", "size"); size != nil {
		if err := checkSize(size.text()); err != nil {
			return fmt.Errorf("tmpfs.size %q: %w", size.text(), err)
		}
	}
	return nil
}

func checkDevices(n *node) error {
	if n.get("count") != nil && n.get("device_ids") != nil {
		return fmt.Errorf("count and device_ids exclude each other")
	}
	return nil
}

// checkFileEntry checks the owner and mode of a config or secret.
func checkFileEntry(n *node) error {
	for _, key := range []string{"uid", "gid"} {
		if id := n.get(key); id != nil {
			if _, err := strconv.ParseUint(id.text(), 10, 31); err != nil {
				return fmt.Errorf("%s %q is no number", key, id.text())
			}
		}
	}
	if mode, ok := n.get("mode").scalar().(string); ok {
		if _, err := strconv.ParseUint(mode, 8, 12); err != nil {
			return fmt.Errorf("mode %q is no octal number", mode)
		}
	}
	return nil
}

func (n *node) scalar() any {
	if n == nil {
		return nil
	}
	return n.value
}

func checkPort(n *node) error {
	if n.kind != mapNode {
		_, err := parsePorts(n.text())
		return err
	}
	if target, err := strconv.Atoi(n.get("target").text()); err != nil || target < 1 || target > 65535 {
		return fmt.Errorf("target must be a port from 1 to 65535")
	}
	if published := n.get("published").text(); published != "" {
		if _, _, err := portRange(published); err != nil {
			return err
		}
	}
	if ip := n.get("host_ip").text(); ip != "" && net.ParseIP(ip) == nil {
		return fmt.Errorf("host_ip %q is no address", ip)
	}
	if p := n.get("protocol").text(); p != "" && !slices.Contains([]string{"tcp", "udp", "sctp"}, strings.ToLower(p)) {
		return fmt.Errorf("protocol %q is none of tcp, udp, sctp", p)
	}
	return nil
}

// exclusive checks attributes that contradict each other.
func (c *checker) exclusive(at, name string, service *node) {
	has := func(path string) *node { return service.get(strings.Split(path, ".")...) }
	if has("image") == nil && has("build") == nil && has("provider") == nil && !c.misspelt(at) {
		c.report(c.tree.get("services").fields[name].at.finding(at, "has neither image nor build", ""))
	}
	for _, pair := range [][2]string{{"network_mode", "networks"}, {"build.dockerfile", "build.dockerfile_inline"}} {
		if a, b := has(pair[0]), has(pair[1]); a != nil && b != nil && (b.kind != mapNode || len(b.keys) > 0) {
			c.report(a.at.finding(at+"."+pair[0], "excludes "+pair[1], ""))
		}
	}
	for _, pair := range [][2]string{{"scale", "deploy.replicas"}, {"pids_limit", "deploy.resources.limits.pids"}} {
		if a, b := has(pair[0]), has(pair[1]); a != nil && b != nil && a.text() != b.text() {
			c.report(a.at.finding(at+"."+pair[0], fmt.Sprintf("is %s, and %s is %s", a.text(), pair[1], b.text()), "set one of them"))
		}
	}
	c.mounts(at, service)
}

// misspelt reports whether a service lacks an image because of something that
// was found already: a key that was meant to be it, or a failed extends.
func (c *checker) misspelt(at string) bool {
	return slices.ContainsFunc(c.findings, func(f Finding) bool {
		return strings.HasPrefix(f.Field, at+".extends") ||
			strings.HasPrefix(f.Field, at+".") && (f.Hint == meant("image") || f.Hint == meant("build"))
	})
}

// mounts checks that no two mounts have one target.
func (c *checker) mounts(at string, service *node) {
	targets := map[string]string{}
	if list := service.get("volumes"); list != nil && list.kind == listNode {
		for i, item := range list.items {
			targets[target("volumes")(item)] = fmt.Sprintf("volumes[%d]", i)
		}
	}
	list := service.get("tmpfs")
	if list == nil {
		return
	}
	for _, item := range listed(list).items {
		path, _, _ := strings.Cut(item.text(), ":")
		if other, ok := targets[path]; ok {
			c.report(item.at.finding(at+".tmpfs", fmt.Sprintf("%s is the target of %s too", path, other), ""))
		}
	}
}

// resources checks the definitions at the top.
func (c *checker) resources() {
	for _, section := range []string{"networks", "volumes"} {
		c.eachNamed(section, func(path string, n *node) { c.external(path, n) })
	}
	c.eachNamed("secrets", func(path string, n *node) { c.oneSource(path, n, "file", "environment") })
	c.eachNamed("configs", func(path string, n *node) { c.oneSource(path, n, "file", "content", "environment") })
}

func (c *checker) eachNamed(section string, check func(path string, n *node)) {
	top := c.tree.get(section)
	if top == nil || top.kind != mapNode {
		return
	}
	for _, name := range top.keys {
		if n := top.get(name); n != nil && n.kind == mapNode {
			check(section+"."+name, n)
		}
	}
}

// external checks that nothing is asked of what somebody else makes. docker
// compose lets networks pass; what they ask for would have no effect.
func (c *checker) external(path string, n *node) {
	ext := n.get("external")
	if ext == nil || ext.value == false {
		return
	}
	for _, key := range n.keys {
		if key == "external" || key == "name" || strings.HasPrefix(key, "x-") {
			continue
		}
		message := "has no effect: it is external, and made by somebody else"
		if strings.HasPrefix(path, "volumes") {
			c.report(n.fields[key].at.finding(path+"."+key, message, ""))
		} else {
			c.warn(n.fields[key].at.finding(path+"."+key, message, ""))
		}
	}
}

func (c *checker) oneSource(path string, n *node, keys ...string) {
	var found []string
	for _, key := range keys {
		if n.get(key) != nil {
			found = append(found, key)
		}
	}
	elsewhere := n.get("external") != nil || n.get("driver") != nil || n.get("content") != nil
	switch {
	case len(found) > 1:
		c.report(n.fields[found[1]].at.finding(path+"."+found[1], strings.Join(found, " and ")+" exclude each other", ""))
	case len(found) == 0 && !elsewhere:
		c.report(n.at.finding(path, "has none of "+strings.Join(keys, ", "), ""))
	}
}
