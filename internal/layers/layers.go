// Package layers holds the packages of this module to who may import whom, and
// to what only the command may do. It never runs any of them: it reads their
// source, test files left out.
package layers

// module is the path of this module.
const module = "github.com/stackfile/stack"

// A rule is what one package, and those below it that have no rule of their
// own, may import. The standard library is free but for never.
type rule struct {
	ours    []string // packages of this module, by their folder; "..." for all
	outside []string // modules or packages, with all below them
	never   []string // of the standard library, with all below them
	why     string
}

// impure are the packages of the standard library that bring something in from
// outside of the arguments.
var impure = []string{"os", "io", "net", "context", "log", "math/rand", "crypto/rand", "sync", "syscall", "runtime", "testing"}

const composeGo = "github.com/compose-spec/compose-go/v2/"

// rules are the import table of docs/architecture.md, by folder.
var rules = map[string]rule{
	"spec": {
		outside: []string{
			composeGo + "dotenv", composeGo + "format", composeGo + "template", composeGo + "types", "github.com/moby/patternmatcher", "gopkg.in/yaml.v3",
		},
		why: "the desired state knows files, and no engine; compose-go's loader takes its time at each start, and is for tests",
	},
	"spec/compose": {
		outside: []string{
			composeGo + "consts", composeGo + "errdefs", composeGo + "format", composeGo + "override", composeGo + "paths", composeGo + "tree",
			composeGo + "types", composeGo + "utils",
		},
		why: "it stands in for compose-go's loader, and knows nothing of ours",
	},
	"plan": {
		never: impure,
		why:   "a plan is a value that knows no engine; planners and the reconciler stand on it",
	},
	"engine": {
		ours: []string{"spec", "plan"}, outside: []string{"github.com/docker/docker/api/types/versions"}, // which compares
		why: "the seam has values and interfaces only; whatever talks to an engine is below it",
	},
	"planner": {
		ours: []string{"spec", "plan", "engine"}, never: impure,
		why: "the planner is pure: (desired, observed, options) -> plan",
	},
	"reconciler": {
		ours: []string{"plan"},
		why:  "the reconciler carries out any plan, of any target",
	},
	"remote": {
		outside: []string{
			"github.com/containerd/containerd/v2/core/remotes", "github.com/containerd/errdefs", "github.com/distribution/reference", "github.com/opencontainers",
		},
		why: "it brings files from elsewhere and there, and knows nothing of what is in them",
	},
	"watch": {
		outside: []string{"github.com/fsnotify/fsnotify", "github.com/moby/patternmatcher"},
		why:     "it sees files change, and knows neither stacks nor engines",
	},
	"outside": {
		ours: []string{"spec"},
		why:  "it runs programs that know a stack's name, and knows no engine",
	},
	"lock": {
		ours: []string{"spec", "engine"},
		why:  "the lock knows volumes and their labels, and nothing of what is locked",
	},
	"engine/memory": {
		ours: []string{"spec", "plan", "engine"},
		why:  "an engine knows the seam, not those who use it",
	},
	"engine/enginetest": {
		ours: []string{"spec", "plan", "engine"},
		why:  "the suite knows the seam, not the engines that pass it",
	},
	"engine/docker": {
		ours: []string{"spec", "plan", "engine", "engine/docker/internal/buildkit"},
		outside: []string{
			"github.com/docker/docker", "github.com/docker/cli", "github.com/docker/go-connections", "github.com/docker/go-units", "github.com/moby/term",
			"github.com/containerd/errdefs", "github.com/distribution/reference", "github.com/opencontainers", "golang.org/x/sync",
		},
		why: "an engine knows the seam, not those who use it; builds are below internal/buildkit",
	},
	"engine/docker/internal/buildkit": {
		ours: []string{"spec", "plan", "engine"},
		outside: []string{
			"github.com/moby/buildkit", "github.com/docker/docker", "github.com/docker/cli", "github.com/docker/go-units",
			"github.com/containerd", "github.com/opencontainers", "github.com/tonistiigi/fsutil", "google.golang.org/grpc", "golang.org/x/sync",
		},
		why: "BuildKit stops here, and with it half of the binary",
	},
	"": {
		ours: []string{"spec", "plan", "engine", "engine/docker", "lock", "planner", "reconciler", "watch"},
		why:  "the importable API joins the packages, and brings nothing of its own",
	},
	"cmd/stack": {
		ours: []string{"..."},
		outside: []string{
			"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/sirupsen/logrus", "github.com/docker/go-units", "golang.org/x/term", "golang.org/x/sys",
			"golang.org/x/sync", "charm.land", "github.com/charmbracelet", "gopkg.in/yaml.v3",
		},
		why: "the command parses flags and prints; what talks to an engine or reads a stack file is below it",
	},
	"internal/layers": {why: "it reads source, and uses none of it"},
	"internal/laws": {
		ours: []string{"..."}, outside: []string{"github.com/santhosh-tekuri/jsonschema/v6"},
		why: "the laws speak of all packages",
	},
	"e2e":     {why: "it drives the binary, as a user does"},
	"scripts": {why: "a script runs before anything is built"},
}

// programs are the folders whose packages are programs: only these end the
// process, print, and read the environment.
var programs = []string{"cmd/stack", "e2e", "scripts", "examples"}

// forbidden is what packages that are no program never use, by import path and
// name.
var forbidden = map[string]map[string]string{
	"os": {
		"Exit":   exits,
		"Getenv": reads, "LookupEnv": reads, "Environ": reads, "ExpandEnv": reads,
		"Stdin": streams, "Stdout": streams, "Stderr": streams,
	},
	"fmt":     {"Print": streams, "Printf": streams, "Println": streams, "Scan": streams, "Scanf": streams, "Scanln": streams},
	"syscall": {"Exit": exits, "Getenv": reads, "Environ": reads},
}

const (
	exits   = "only cmd/stack ends the process: there is one place that decides on the exit status"
	reads   = "only cmd/stack reads environment variables: everywhere else they are arguments"
	streams = "only cmd/stack prints: everything else returns values, events and errors"
	logs    = "log or return, never both: only cmd/stack prints"
	starts  = "nothing happens before main: no init"
	clocks  = "a pure package reads no clock"
)
