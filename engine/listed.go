package engine

// Listed is the container as one list of all containers tells of it: its names
// and labels, its image's ID, how it stands (of one that runs the health, of one that ended the
// exit code), and the ports that are bound.
func (c Container) Listed() Container {
	out := Container{
		ID: c.ID, Name: c.Name, Service: c.Service, Number: c.Number, OneOff: c.OneOff,
		ImageID: c.ImageID, Status: c.Status, Labels: c.Labels,
	}
	switch c.Status {
	case StatusRunning:
		out.Health = c.Health
	case StatusExited, StatusRestarting:
		out.ExitCode = c.ExitCode
	}
	for _, p := range c.Ports {
		if p.Public != 0 {
			out.Ports = append(out.Ports, p)
		}
	}
	return out
}
