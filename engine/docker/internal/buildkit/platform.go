package buildkit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/platforms"

	"github.com/stackfile/stack/engine"
)

// platform is the one to build for, "" for the engine's own, or all of them if
// they are asked for and the engine can keep them. The service's platform goes
// before the build's.
func platform(op engine.BuildImage, can abilities) (string, error) {
	list := op.Build.Platforms
	switch {
	case op.Platform != "" && len(list) > 0 && !containsPlatform(list, op.Platform):
		return "", fmt.Errorf("platform %s is not among the build's platforms %s", op.Platform, strings.Join(list, ", "))
	case op.AllPlatforms && can.containerd:
		return strings.Join(list, ","), nil
	case op.Platform != "":
		return op.Platform, nil
	case len(list) < 2:
		return strings.Join(list, ","), nil
	case len(can.platforms) > 0 && containsPlatform(list, can.platforms[0]):
		return can.platforms[0], nil
	}
	return "", fmt.Errorf("platforms %s: none is the engine's own, name one in the service's platform: %w", strings.Join(list, ", "), engine.ErrUnsupported)
}

func containsPlatform(list []string, one string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return normal(other) == normal(one) })
}

// normal is a platform in its one form: linux/x86_64 and linux/amd64 are the
// same. What is no platform stands for itself, and the frontend refuses it.
func normal(platform string) string {
	p, err := platforms.Parse(platform)
	if err != nil {
		return platform
	}
	return platforms.Format(platforms.Normalize(p))
}
