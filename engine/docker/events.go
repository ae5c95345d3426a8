package docker

type hub struct{}
