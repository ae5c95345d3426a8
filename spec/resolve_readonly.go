package spec

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// writable finds files that are to be copied into a container which is read-only
// where they go: no engine does that.
func (r *resolver) writable(s Service) {
	for _, target := range slices.Sorted(maps.Keys(s.Files)) {
		if !s.Container.ReadOnly || holds(s.Container.Mounts, target) {
			continue
		}
		source := s.Container.Files[target].Source
		f := r.finding(s.Name, "read_only", -1, target+", for "+source+", is copied, and a read-only container takes no copies")
		f.Hint = "mount a volume at " + path.Dir(target) + ", or use a file as it is, which is bound"
		if source == "use_api_socket" {
			f.Hint = "mount a volume at " + path.Dir(target) + ", or set DOCKER_CONFIG, and no credentials are copied"
		}
		r.findings = append(r.findings, f)
	}
}

// holds reports whether a file would be in something that is mounted writable.
func holds(mounts map[string]Mount, file string) bool {
	for target, m := range mounts {
		if strings.HasPrefix(file, strings.TrimSuffix(target, "/")+"/") && !m.ReadOnly && (m.Type == types.VolumeTypeVolume || m.Type == types.VolumeTypeBind) {
			return true
		}
	}
	return false
}
