package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stackfile/stack/engine"
)

func TestTheEngineIsWhereTheDockerCommandLooksForIt(t *testing.T) {
	config := t.TempDir()
	write(t, filepath.Join(config, "config.json"), `{"currentContext": "lab"}`)
	for name, endpoint := range map[string]string{"lab": `{"Host": "ssh://lab"}`, "far": `{"Host": "tcp://far:2376", "SkipTLSVerify": true}`} {
		sum := sha256.Sum256([]byte(name))
		meta := filepath.Join(config, "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json")
		write(t, meta, `{"Name": "`+name+`", "Metadata": {}, "Endpoints": {"docker": `+endpoint+`}}`)
	}
	for _, c := range []struct {
		config, context, host, certs string // the variables
		want, tls                    string
	}{
		{want: ""},
		{context: "default", want: ""},
		{config: config, want: "ssh://lab"},
		{config: config, context: "default", want: ""},
		{config: config, context: "far", want: "tcp://far:2376", tls: "unverified"},
		{config: config, context: "far", certs: config, want: "tcp://far:2376", tls: "unverified"},
		{config: config, context: "far", host: "tcp://there:2376", want: "tcp://there:2376"},
		{config: config, host: "tcp://there:2376", certs: config, want: "tcp://there:2376", tls: "verified"},
	} {
		env := map[string]string{"DOCKER_CONFIG": c.config, "DOCKER_CONTEXT": c.context, "DOCKER_HOST": c.host}
		if c.certs != "" {
			env["DOCKER_CERT_PATH"], env["DOCKER_TLS_VERIFY"] = c.certs, "1"
		}
		at, err := (&program{Environment: Environment{Env: env}}).endpoint()
		tls := ""
		if at.TLS != nil {
			tls = map[bool]string{true: "unverified", false: "verified"}[at.TLS.SkipVerify]
		}
		if err != nil || at.Host != c.want || tls != c.tls {
			t.Errorf("%+v: %s, %q, %v", c, at.Host, tls, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestAPluginsArgumentsAreItsOwn(t *testing.T) {
	for args, want := range map[string]string{
		"compose up -d":                        "up -d",
		"-H tcp://far:1 compose ps":            "-H tcp://far:1 ps",
		"--context compose -D compose ps":      "--context compose -D ps",
		"help compose ps":                      "help ps",
		"__complete compose up x":              "__complete up x",
		"compose exec web docker compose ps":   "exec web docker compose ps",
		"compose run compose":                  "run compose",
		"--tlsverify --tlscacert x compose -h": "--tlsverify --tlscacert x -h",
	} {
		e := Environment{Name: compose, Args: strings.Fields(args), Env: map[string]string{pluginVariable: "docker"}}
		if got := strings.Join(e.arguments(), " "); got != want {
			t.Errorf("docker %s: %q, want %q", args, got, want)
		}
	}
	e := Environment{Name: compose, Args: []string{"exec", "compose", "ls"}}
	if got := e.arguments(); len(got) != 3 {
		t.Errorf("docker-compose %q: %q", e.Args, got)
	}
}

func TestTheDockerCommandCanInterrupt(t *testing.T) {
	address := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	none := make(chan os.Signal)
	if signalled(none, "") != (<-chan os.Signal)(none) {
		t.Error("signals do not come as they are without a docker command")
	}
	got := signalled(none, address)
	connection, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = connection.Close()
	select {
	case <-got:
	case <-time.After(10 * time.Second):
		t.Error("not interrupted when the connection ended")
	}
}

func TestOneInterruptionCountsOnce(t *testing.T) {
	signals, ended, out := make(chan os.Signal), make(chan struct{}), make(chan os.Signal)
	go handOn(signals, ended, out)
	close(ended)
	signals <- os.Interrupt // the terminal's, to both
	<-out
	signals <- os.Interrupt // the user's second
	<-out
	select {
	case s := <-out:
		t.Errorf("a third one: %v", s)
	case <-time.After(2 * sameCause):
	}
}

func TestTheSocketIsTheEnginesOwn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("engines run in a virtual machine here")
	}
	for host, want := range map[string]string{
		"": "", "tcp://there:2375": "", "unix:///run/user/7/docker.sock": "/run/user/7/docker.sock",
		"unix:///home/me/.docker/desktop/docker.sock": "",
	} {
		if got := apiSocket(host); got != want {
			t.Errorf("DOCKER_HOST=%s: %q, want %q", host, got, want)
		}
	}
}

func TestAddressesAreReachableOnes(t *testing.T) {
	for _, c := range []struct {
		port engine.Port
		host string // DOCKER_HOST
		want string
	}{
		{engine.Port{IP: "0.0.0.0", Public: 8080, Private: 80, Protocol: "tcp"}, "", "http://localhost:8080"},
		{engine.Port{IP: "::", Public: 8080, Private: 8000, Protocol: "tcp"}, "", "http://localhost:8080"},
		{engine.Port{IP: "127.0.0.1", Public: 5432, Private: 5432, Protocol: "tcp"}, "", "localhost:5432"},
		{engine.Port{IP: "10.0.0.7", Public: 443, Private: 443, Protocol: "tcp"}, "", "https://10.0.0.7:443"},
		{engine.Port{IP: "0.0.0.0", Public: 53, Private: 53, Protocol: "udp"}, "", "localhost:53"},
		{engine.Port{IP: "0.0.0.0", Public: 80, Private: 80, Protocol: "tcp"}, "tcp://far:2375", "http://far:80"},
		{engine.Port{IP: "0.0.0.0", Public: 80, Private: 80, Protocol: "tcp"}, "unix:///run/docker.sock", "http://localhost:80"},
	} {
		p := &program{Environment: Environment{Env: map[string]string{"DOCKER_HOST": c.host}}}
		if got := p.url(c.port); got != c.want {
			t.Errorf("%+v at %q: %s, want %s", c.port, c.host, got, c.want)
		}
	}
}
