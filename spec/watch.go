package spec

import "github.com/compose-spec/compose-go/v2/types"

// A Watch is one rule of develop.watch: what is done about a service when files
// below a path of this machine change. Compose specification, chapter "Compose
// Develop". It is no part of what containers are made from.
type Watch struct {
	Path        string // absolute; of a file or a folder
	Action      WatchAction
	Target      string   // where Path is in the container, for a sync; "" else
	Include     []string // patterns as in .dockerignore, relative to Path; empty: all
	Ignore      []string // and those that are left out
	InitialSync bool     // a sync begins with all that is there
	Exec        Hook     // of SyncExec
	Position    Position // of its path
}

// A WatchAction is what is done about a change.
type WatchAction string

// The actions of the specification.
const (
	Sync        WatchAction = "sync"
	Rebuild     WatchAction = "rebuild"
	RestartOnly WatchAction = "restart"
	SyncRestart WatchAction = "sync+restart"
	SyncExec    WatchAction = "sync+exec"
)

// Syncs reports whether the action copies what has changed.
func (a WatchAction) Syncs() bool { return a == Sync || a == SyncRestart || a == SyncExec }

func (r *resolver) watches(s types.ServiceConfig) []Watch {
	if s.Develop == nil {
		return nil
	}
	var out []Watch
	for i, w := range s.Develop.Watch {
		rule := Watch{
			Path: w.Path, Action: WatchAction(w.Action), Target: w.Target, Include: w.Include, Ignore: w.Ignore,
			InitialSync: w.InitialSync, Position: r.watchPosition(s.Name, i),
		}
		if rule.Action == SyncExec {
			rule.Exec = r.hooks([]types.ServiceHook{w.Exec})[0]
		}
		out = append(out, rule)
	}
	return out
}

// watchPosition is where a rule has its path, or else where the service stands.
func (r *resolver) watchPosition(service string, i int) Position {
	list := r.node(service, "develop", "watch")
	if list == nil || i >= len(list.items) {
		return r.node(service).position()
	}
	if path := list.items[i].get("path"); path != nil {
		return path.position()
	}
	return list.items[i].position()
}
