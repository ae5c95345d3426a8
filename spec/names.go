package spec

import (
	"cmp"
	"fmt"
	"strings"
)

// ContainerName is the name of a service's n-th replica, from 1.
func (s *Stack) ContainerName(service Service, n int) string {
	if service.ContainerName != "" {
		return service.ContainerName
	}
	return nameOf(s.Separator, s.Name, service.Name, n)
}

// nameOf is a name made of parts.
func nameOf(separator string, parts ...any) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = fmt.Sprint(part)
	}
	return strings.Join(texts, cmp.Or(separator, "-"))
}

func (r *resolver) separator() string {
	if r.reader.compatible {
		return "_"
	}
	return "-"
}
