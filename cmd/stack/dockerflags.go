package main

import (
	"github.com/spf13/pflag"

	"github.com/stackfile/stack/engine/docker"
)

// dockersFlag marks them: they stand before the command.
const dockersFlag = "docker"

// dockerFlags are the docker command's own, which say where the engine is.
// docker-compose takes them too.
type dockerFlags struct {
	host, context, config string
	tls, verify           bool
	ca, cert, key         string
	debug                 bool
	logLevel              string
}

func (d *dockerFlags) add(fs *pflag.FlagSet) {
	fs.StringVarP(&d.host, "host", "H", "", "`ADDRESS` of the engine, in place of DOCKER_HOST")
	fs.StringVarP(&d.context, "context", "c", "", "`NAME` of the docker command's context, in place of DOCKER_CONTEXT and DOCKER_HOST")
	fs.StringVar(&d.config, "config", "", "`FOLDER` of the docker command's settings, in place of DOCKER_CONFIG")
	fs.BoolVar(&d.tls, "tls", false, "use TLS, without a look at who the engine is")
	fs.BoolVar(&d.verify, "tlsverify", false, "use TLS, and see who the engine is")
	fs.StringVar(&d.ca, "tlscacert", "", "`FILE` of the authorities that may vouch for the engine")
	fs.StringVar(&d.cert, "tlscert", "", "`FILE` of our certificate")
	fs.StringVar(&d.key, "tlskey", "", "`FILE` of its key")
	fs.BoolVarP(&d.debug, "debug", "D", false, "has no effect here: use --progress json")
	fs.StringVarP(&d.logLevel, "log-level", "l", "", "has no effect here: `LEVEL`")
	for _, name := range []string{"host", "context", "config", "tls", "tlsverify", "tlscacert", "tlscert", "tlskey", "debug", "log-level"} {
		f := fs.Lookup(name)
		f.Hidden, f.Annotations = true, map[string][]string{dockersFlag: nil}
	}
}

// choose makes the flags count in the environment, over what it says.
func (p *program) choose() error {
	d := p.docker
	if d.host != "" && d.context != "" {
		return &UsageError{"--host and --context: both say where the engine is", "give one of them"}
	}
	if d.debug || d.logLevel != "" {
		p.say("warning", "--debug and --log-level have no effect; see: --progress")
	}
	if d.context != "" && d.context != "default" { // which is where DOCKER_HOST says
		delete(p.Env, "DOCKER_HOST")
	}
	for name, value := range map[string]string{"DOCKER_CONFIG": d.config, "DOCKER_HOST": d.host, "DOCKER_CONTEXT": d.context} {
		if value != "" {
			p.Env[name] = value
		}
	}
	for name, on := range map[string]bool{"DOCKER_TLS": d.tls, "DOCKER_TLS_VERIFY": d.verify} {
		if on {
			p.Env[name] = "1"
		}
	}
	return nil
}

// over is some TLS with the files that the flags name; it stays nil without TLS.
func (d *dockerFlags) over(t *docker.TLS) *docker.TLS {
	if t == nil {
		return nil
	}
	return &docker.TLS{CA: or(d.ca, t.CA), Cert: or(d.cert, t.Cert), Key: or(d.key, t.Key), SkipVerify: t.SkipVerify}
}
