package spec

import (
	"strings"
	"time"
)

// Container is everything that is fixed when a container is created, under the
// names of the Compose specification. An absent field means "not asked for".
// A field tagged live can differ from what was asked, because an engine can
// change it on a running container; the tag says what brings it back:
//
//	update   in place, by an update of the container
//	set      the same, but not back to "not asked for": that needs a replace
//	network  in place, by disconnecting and connecting
//
// All other fields need a replace. What is compared is the JSON form, key by
// key, so a new field here is compared, recorded and explained without further
// code.
type Container struct {
	Image      string             `json:"image,omitempty"`
	Platform   string             `json:"platform,omitempty"`
	Command    *[]string          `json:"command,omitempty"`     // nil: the image's; empty: none
	Entrypoint *[]string          `json:"entrypoint,omitempty"`  // nil: the image's; empty: none
	Env        map[string]*string `json:"environment,omitempty"` // nil value: the image's variable is unset
	Labels     map[string]string  `json:"labels,omitempty"`      // the user's own
	WorkingDir string             `json:"working_dir,omitempty"`
	User       string             `json:"user,omitempty"`
	GroupAdd   []string           `json:"group_add,omitempty"`
	Hostname   string             `json:"hostname,omitempty"`
	DomainName string             `json:"domainname,omitempty"`
	Init       *bool              `json:"init,omitempty"`
	Tty        bool               `json:"tty,omitempty"`
	StdinOpen  bool               `json:"stdin_open,omitempty"`
	StopSignal string             `json:"stop_signal,omitempty"`
	Runtime    string             `json:"runtime,omitempty"`

	Annotations map[string]string `json:"annotations,omitempty"`
	Healthcheck *Healthcheck      `json:"healthcheck,omitempty"`
	Logging     *Logging          `json:"logging,omitempty"`

	Ports       map[string][]string `json:"ports,omitempty"`  // "80/tcp" -> sorted "[ip:]port", "" for an ephemeral one
	Expose      []string            `json:"expose,omitempty"` // sorted "80/tcp"
	NetworkMode string              `json:"network_mode,omitempty"`
	Networks    map[string]Endpoint `json:"networks,omitempty" live:"network"` // by the engine's name
	DNS         []string            `json:"dns,omitempty"`
	DNSSearch   []string            `json:"dns_search,omitempty"`
	DNSOptions  []string            `json:"dns_opt,omitempty"`
	ExtraHosts  []string            `json:"extra_hosts,omitempty"` // "host:address"
	Links       []string            `json:"external_links,omitempty"`

	Mounts      map[string]Mount  `json:"volumes,omitempty"` // by target
	Tmpfs       map[string]string `json:"tmpfs,omitempty"`   // target -> options
	VolumesFrom []string          `json:"volumes_from,omitempty"`
	Files       map[string]File   `json:"files,omitempty"`   // configs and secrets, by target
	Inputs      map[string]string `json:"inputs,omitempty"`  // of a job: digests of what it has bound, by target
	Devices     map[string]string `json:"devices,omitempty"` // "source:target" -> permissions
	CgroupRules []string          `json:"device_cgroup_rules,omitempty"`
	Requests    []DeviceRequest   `json:"gpus,omitempty"`

	CapAdd       []string          `json:"cap_add,omitempty"`
	CapDrop      []string          `json:"cap_drop,omitempty"`
	Privileged   bool              `json:"privileged,omitempty"`
	ReadOnly     bool              `json:"read_only,omitempty"`
	SecurityOpt  []string          `json:"security_opt,omitempty"`
	Sysctls      map[string]string `json:"sysctls,omitempty"`
	Ulimits      map[string]Ulimit `json:"ulimits,omitempty"`
	Userns       string            `json:"userns_mode,omitempty"`
	UTS          string            `json:"uts,omitempty"`
	PID          string            `json:"pid,omitempty"`
	IPC          string            `json:"ipc,omitempty"`
	Cgroup       string            `json:"cgroup,omitempty"`
	CgroupParent string            `json:"cgroup_parent,omitempty"`
	StorageOpt   map[string]string `json:"storage_opt,omitempty"`
	Isolation    string            `json:"isolation,omitempty"`

	Restart          string `json:"restart,omitempty" live:"update"` // always, unless-stopped, on-failure[:n]; "": no
	CPUs             int64  `json:"cpus,omitempty" live:"set"`       // in 1e-9 of a core
	CPUShares        int64  `json:"cpu_shares,omitempty" live:"set"`
	CPUQuota         int64  `json:"cpu_quota,omitempty" live:"set"`
	CPUPeriod        int64  `json:"cpu_period,omitempty" live:"set"`
	CPURTRuntime     int64  `json:"cpu_rt_runtime,omitempty" live:"set"`
	CPURTPeriod      int64  `json:"cpu_rt_period,omitempty" live:"set"`
	CPUSet           string `json:"cpuset,omitempty" live:"set"`
	Memory           int64  `json:"mem_limit,omitempty" live:"set"` // bytes
	MemorySwap       int64  `json:"memswap_limit,omitempty" live:"set"`
	MemoryReserve    int64  `json:"mem_reservation,omitempty" live:"set"`
	PidsLimit        int64  `json:"pids_limit,omitempty" live:"update"`
	BlkioWeight      uint16 `json:"blkio_weight,omitempty" live:"set"`
	MemorySwappiness *int64 `json:"mem_swappiness,omitempty"`
	OOMKillDisable   bool   `json:"oom_kill_disable,omitempty"`
	OOMScoreAdj      int64  `json:"oom_score_adj,omitempty"`
	ShmSize          int64  `json:"shm_size,omitempty"`
	CPUCount         int64  `json:"cpu_count,omitempty"`
	CPUPercent       int64  `json:"cpu_percent,omitempty"`
	Blkio            *Blkio `json:"blkio_config,omitempty"`
}

// Endpoint is a container's place on one network.
type Endpoint struct {
	Aliases      []string          `json:"aliases,omitempty"` // sorted; the service's name is one
	IPv4         string            `json:"ipv4_address,omitempty"`
	IPv6         string            `json:"ipv6_address,omitempty"`
	LinkLocalIPs []string          `json:"link_local_ips,omitempty"`
	MacAddress   string            `json:"mac_address,omitempty"`
	DriverOpts   map[string]string `json:"driver_opts,omitempty"`
	Links        []string          `json:"links,omitempty"`
	Priority     int               `json:"priority,omitempty"`
	Order        int               `json:"order,omitempty"` // among those of one priority, where it is not that of the names
	GwPriority   int               `json:"gw_priority,omitempty"`
}

// Mount is one entry of volumes, or a config or secret bound as a file. Its
// target is its key.
type Mount struct {
	Type        string            `json:"type"`             // bind, volume, tmpfs, image, npipe, cluster
	Source      string            `json:"source,omitempty"` // path, or the engine's volume name; "": anonymous
	ReadOnly    bool              `json:"read_only,omitempty"`
	Propagation string            `json:"propagation,omitempty"`
	NoCreate    bool              `json:"no_create,omitempty"` // bind: the host path must exist
	Recursive   string            `json:"recursive,omitempty"`
	SELinux     string            `json:"selinux,omitempty"`
	NoCopy      bool              `json:"nocopy,omitempty"`
	Subpath     string            `json:"subpath,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	TmpfsSize   int64             `json:"size,omitempty"`
	TmpfsMode   uint32            `json:"mode,omitempty"`
	Consistency string            `json:"consistency,omitempty"`
}

// File is a config or secret inside a container. Its text is not here: the
// digest stands for it.
type File struct {
	Source string `json:"source"` // the file's key, such as secrets.db_password
	Digest string `json:"digest"` // sha256 of the content
	UID    string `json:"uid,omitempty"`
	GID    string `json:"gid,omitempty"`
	Mode   string `json:"mode,omitempty"` // octal
}

// Healthcheck is the test that says whether a container's program answers, in
// the engine's form: Test starts with CMD, CMD-SHELL or NONE.
type Healthcheck struct {
	Test          []string      `json:"test,omitempty"` // empty: the image's
	Interval      time.Duration `json:"interval,omitempty"`
	Timeout       time.Duration `json:"timeout,omitempty"`
	StartPeriod   time.Duration `json:"start_period,omitempty"`
	StartInterval time.Duration `json:"start_interval,omitempty"`
	Retries       int           `json:"retries,omitempty"`
}

// Disabled reports whether the check is switched off, the image's included.
func (h *Healthcheck) Disabled() bool {
	return h != nil && len(h.Test) > 0 && h.Test[0] == "NONE"
}

// Logging is where a container's output goes.
type Logging struct {
	Driver  string            `json:"driver,omitempty"`
	Options map[string]string `json:"options,omitempty"`
}

// Ulimit is a soft and a hard limit.
type Ulimit struct {
	Soft int64 `json:"soft"`
	Hard int64 `json:"hard"`
}

// DeviceRequest asks a device driver for devices, such as GPUs.
type DeviceRequest struct {
	Driver       string            `json:"driver,omitempty"`
	Count        int               `json:"count,omitempty"` // -1: all
	IDs          []string          `json:"device_ids,omitempty"`
	Capabilities []string          `json:"capabilities,omitempty"`
	Options      map[string]string `json:"options,omitempty"`
}

// Blkio is what blkio_config asks for beside its weight. Each map goes from a
// device's path to its weight or rate.
type Blkio struct {
	WeightDevice map[string]uint64 `json:"weight_device,omitempty"`
	ReadBps      map[string]uint64 `json:"device_read_bps,omitempty"`
	WriteBps     map[string]uint64 `json:"device_write_bps,omitempty"`
	ReadIOps     map[string]uint64 `json:"device_read_iops,omitempty"`
	WriteIOps    map[string]uint64 `json:"device_write_iops,omitempty"`
}

// Build is how an image is made. Paths are absolute, or URLs.
type Build struct {
	Context            string            `json:"context,omitempty"`
	Dockerfile         string            `json:"dockerfile,omitempty"` // relative to the context, or absolute
	DockerfileInline   string            `json:"dockerfile_inline,omitempty"`
	Args               map[string]string `json:"args,omitempty"`
	Target             string            `json:"target,omitempty"`
	Network            string            `json:"network,omitempty"`
	Labels             map[string]string `json:"labels,omitempty"`
	Tags               []string          `json:"tags,omitempty"`
	CacheFrom          []string          `json:"cache_from,omitempty"`
	CacheTo            []string          `json:"cache_to,omitempty"`
	NoCache            bool              `json:"no_cache,omitempty"`
	NoCacheFilter      []string          `json:"no_cache_filter,omitempty"` // stages built without the cache
	Pull               bool              `json:"pull,omitempty"`
	ExtraHosts         []string          `json:"extra_hosts,omitempty"`
	ShmSize            int64             `json:"shm_size,omitempty"`
	Ulimits            map[string]Ulimit `json:"ulimits,omitempty"`
	Platforms          []string          `json:"platforms,omitempty"`
	Privileged         bool              `json:"privileged,omitempty"`
	Entitlements       []string          `json:"entitlements,omitempty"` // beside those that other fields imply; sorted
	Provenance         string            `json:"provenance,omitempty"`   // true, false, or options such as mode=max
	SBOM               string            `json:"sbom,omitempty"`         // true, false, or options such as generator=IMAGE
	AdditionalContexts map[string]string `json:"additional_contexts,omitempty"`
	SSH                map[string]string `json:"ssh,omitempty"`     // id -> path, "" for the agent
	Secrets            map[string]string `json:"secrets,omitempty"` // id -> path of a file, or "env:NAME"
}

// CDIName is the device name of the Container Device Interface among the keys of
// Container.Devices, vendor.com/class=name, which is no path. Source and target
// are the same then.
func CDIName(key string) (string, bool) {
	name, _, _ := strings.Cut(key, ":")
	class, device, ok := strings.Cut(name, "=")
	return name, ok && device != "" && strings.Contains(class, "/") && !strings.HasPrefix(class, "/")
}
