package spec

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"

	"github.com/compose-spec/compose-go/v2/types"
)

// Where a service with use_api_socket finds the engine, and the credentials of
// registries: as with docker compose. It is also where an engine has its socket,
// if nothing else is known.
const (
	apiSocket      = "/var/run/docker.sock"
	dockerConfig   = "/run/secrets/docker"
	configVariable = "DOCKER_CONFIG"
)

// apiSocket gives a service what the docker command needs in it: the engine's
// socket, and the user's credentials for registries.
func (r *resolver) apiSocket(s types.ServiceConfig, out *Service) {
	if !s.UseAPISocket {
		return
	}
	content := []byte("{}")
	if r.credentials != nil {
		found, err := r.credentials()
		if err != nil {
			r.fail(s.Name, "use_api_socket", -1, "credentials of registries: "+reason(err))
			return
		}
		content = found
	}
	c, file := &out.Container, dockerConfig+"/config.json"
	c.Mounts = with(c.Mounts, apiSocket, Mount{Type: types.VolumeTypeBind, Source: cmp.Or(r.socket, apiSocket), NoCreate: true}) // a folder there would be in the way of an engine
	if _, own := c.Env[configVariable]; own {
		return
	}
	folder := dockerConfig
	c.Env = with(c.Env, configVariable, &folder)
	sum := sha256.Sum256(content)
	c.Files = with(c.Files, file, File{Source: "use_api_socket", Digest: "sha256:" + hex.EncodeToString(sum[:])})
	out.Files = with(out.Files, file, FileContent{Content: content})
}
