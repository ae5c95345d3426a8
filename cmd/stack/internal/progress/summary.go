package progress

import (
	"fmt"
	"strings"
	"time"
)

// String is the summary for people: a line for each kind of service, the
// addresses, and how long it took.
func (s Summary) String() string {
	var b strings.Builder
	for _, status := range s.statuses() {
		fmt.Fprintf(&b, "%s: %s\n", status, strings.Join(s.named(status), ", "))
	}
	for _, a := range s.Addresses {
		fmt.Fprintf(&b, "%s -> %s %s\n", a.URL, a.Service, a.Port)
	}
	fmt.Fprintf(&b, "%s, %s\n", s.Text, Seconds(time.Duration(s.Elapsed*float64(time.Second))))
	return b.String()
}

// statuses are those of the services, each once, in the order of the services.
func (s Summary) statuses() (out []string) {
	seen := map[string]bool{}
	for _, service := range s.Services {
		if !seen[service.Status] {
			seen[service.Status] = true
			out = append(out, service.Status)
		}
	}
	return out
}

func (s Summary) named(status string) (out []string) {
	for _, service := range s.Services {
		if service.Status != status {
			continue
		}
		name := service.Name
		if service.Replicas > 1 {
			name += fmt.Sprintf(" (%d)", service.Replicas)
		}
		out = append(out, name)
	}
	return out
}
