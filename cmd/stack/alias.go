package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// The program is docker compose too, by a link to it: as docker-compose, and as the
// docker command's plugin of that name, whose word for it is compose.
const (
	compose        = "docker-compose"
	composeWord    = "compose"
	metadataWord   = "docker-cli-plugin-metadata"
	pluginVariable = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"
	pluginSocket   = "DOCKER_CLI_PLUGIN_SOCKET"
)

// programName is what the program was called as, without folder and extension.
func programName(arg0 string) string {
	return strings.TrimSuffix(filepath.Base(arg0), ".exe")
}

// plugin reports whether the docker command runs us. It then hands over all its
// arguments, its own flags and the word compose among them.
func (e Environment) plugin() bool { return e.Name == compose && e.Env[pluginVariable] != "" }

// name is what a user calls the program.
func (e Environment) name() string {
	switch {
	case e.plugin():
		return "docker compose"
	case e.Name == compose:
		return compose
	}
	return "stack"
}

// metadata reports whether the docker command asks what plugin this is.
func (e Environment) metadata() bool {
	return e.Name == compose && len(e.Args) == 1 && e.Args[0] == metadataWord
}

// pluginMetadata is the answer, in the form that the docker command wants.
func pluginMetadata() string {
	text, _ := json.MarshalIndent(map[string]string{ // texts only
		"SchemaVersion": "0.1.0", "Vendor": "stackfile", "Version": versionName(),
		"ShortDescription": "stack, in place of Docker Compose", "URL": "https://github.com/stackfile/stack",
	}, "", "  ")
	return string(text) + "\n"
}

// arguments are those of the command line, without the word compose in a plugin's.
// It is the first word after the docker command's flags, but for help and
// completion, which come before it.
func (e Environment) arguments() []string {
	if !e.plugin() {
		return e.Args
	}
	flags := pflag.NewFlagSet("docker", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.SetInterspersed(false)
	flags.BoolP("help", "h", false, "")
	new(dockerFlags).add(flags)
	if flags.Parse(e.Args) != nil {
		return e.Args // the docker command has refused it before
	}
	before, words := e.Args[:len(e.Args)-flags.NArg()], flags.Args()
	if i := slices.Index(words, composeWord); i == 0 || i == 1 {
		words = slices.Delete(slices.Clone(words), i, i+1)
	}
	return slices.Concat(before, words)
}

// signalled gives the signals that we get, and an interrupt when the docker command,
// whose plugin we are, was interrupted.
func signalled(signals <-chan os.Signal, address string) <-chan os.Signal {
	if address == "" {
		return signals
	}
	out := make(chan os.Signal, 2)
	go handOn(signals, hangup(address), out)
	return out
}

// hangup is closed when the connection to a docker command ends: it was interrupted.
func hangup(address string) <-chan struct{} {
	connection, err := net.Dial("unix", address)
	if err != nil {
		return nil // it has gone, or is an older one
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, connection) // until it ends
		close(ended)
	}()
	return ended
}

// sameCause is within what time a signal and the docker command tell of the same
// interruption: from a terminal both get it.
const sameCause = 200 * time.Millisecond

// handOn hands signals on. The end of the connection counts as one where there are none.
func handOn(signals <-chan os.Signal, ended <-chan struct{}, out chan<- os.Signal) {
	var alone <-chan time.Time
	for {
		select {
		case s := <-signals:
			ended, alone = nil, nil
			out <- s
		case <-ended:
			ended, alone = nil, time.After(sameCause)
		case <-alone:
			out <- os.Interrupt
		}
	}
}
