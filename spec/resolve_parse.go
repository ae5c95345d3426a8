package spec

import (
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
)

var errNegative = errors.New("must not be negative")

func checkDuration(text string) error {
	var d types.Duration
	if err := d.DecodeMapstructure(text); err != nil {
		return errors.New("is no duration")
	}
	if d < 0 {
		return errNegative
	}
	return nil
}

func checkSize(text string) error {
	var size types.UnitBytes
	if err := size.DecodeMapstructure(text); err != nil {
		return errors.New("is no size")
	}
	if size < -1 {
		return errNegative
	}
	return nil
}

func checkCores(text string) error {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return errors.New("is no number")
	}
	if n < 0 {
		return errNegative
	}
	return nil
}

func checkPullPolicy(text string) error {
	service := types.ServiceConfig{}
	service.PullPolicy = text
	if _, _, err := service.GetPullPolicy(); err != nil {
		return errors.New("unknown pull policy")
	}
	return nil
}

func checkMountText(text string) error {
	volume, err := format.ParseVolume(text)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(volume.Target, "/") && !strings.Contains(volume.Target, `\`) && !strings.Contains(volume.Target, "$") {
		if len(text) > 1 && text[1] == ':' {
			return fmt.Errorf("%q reads as a Windows drive: a volume's name has two letters at least", text)
		}
		return fmt.Errorf("target %q is no absolute path", volume.Target)
	}
	return nil
}

func checkHost(text string) error {
	_, err := types.NewHostsList([]string{text})
	return err
}

func checkExpose(text string) error {
	ports, protocol, _ := strings.Cut(text, "/")
	if _, _, err := portRange(ports); err != nil {
		return err
	}
	if protocol != "" && protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
		return fmt.Errorf("protocol %q is none of tcp, udp, sctp", protocol)
	}
	return nil
}

// parsePorts reads one entry of ports in the short syntax.
func parsePorts(text string) ([]binding, error) {
	list, err := types.ParsePortConfig(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no port: %w", text, err)
	}
	var out []binding
	for _, p := range list {
		b := binding{ip: p.HostIP, target: int(p.Target), protocol: p.Protocol}
		if p.Target == 0 {
			return nil, fmt.Errorf("%q: the container's port is 0", text)
		}
		if p.HostIP != "" && net.ParseIP(p.HostIP) == nil {
			return nil, fmt.Errorf("%q: %q is no address", text, p.HostIP)
		}
		if b.first, b.last, err = portRange(p.Published); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}
