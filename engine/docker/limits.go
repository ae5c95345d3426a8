package docker

type limits struct{}
