package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
)

func portCommand(p *program) *cobra.Command {
	var index int
	var protocol string
	c := &cobra.Command{
		Use:   "port [FLAGS] SERVICE PORT",
		Short: "Print where a port of a service is published",
		Long: `port prints the address and port of the host at which a port of the service's
first running container is published, or of the replica that --index names. An
exposed port that is not published has the address ":0".

With -p NAME no file is needed.`,
		Args: count(2, 2, "a service and a port"),
		RunE: func(c *cobra.Command, args []string) error { return p.port(c, args[0], args[1], protocol, index) },
	}
	c.Flags().IntVar(&index, "index", 0, "of the replica with number `N`")
	c.Flags().StringVar(&protocol, "protocol", "tcp", "`PROTOCOL` of the port: tcp or udp")
	return c
}

func (p *program) port(c *cobra.Command, service, port, protocol string, index int) error {
	private, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return &UsageError{fmt.Sprintf("port %q: want a number up to 65535", port), usage(c)}
	}
	project, list, err := p.listed(c, stack.Selection{Services: []string{service}, Index: index})
	if err != nil {
		return err
	}
	for _, container := range list {
		if !stack.Runs(container.Container) {
			continue
		}
		found, err := stack.Published(container, uint16(private), protocol)
		if err == nil {
			p.answer(fmt.Sprintf("%s:%d\n", bracketed(found.IP), found.Public))
		}
		return err
	}
	_, err = stack.Running(c.Context(), p.engine, project, service, index)
	return err
}
