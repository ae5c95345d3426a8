package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/cli/cli/connhelper/ssh"
)

// An sshDialer reaches the engine of an ssh:// host as the docker command does:
// each connection is a `docker system dial-stdio` on the other side. What takes
// long of it is that two machines come to trust each other. So all connections
// share one of ssh's, and so do those of the next command, unless the user's own
// configuration of ssh says what is shared. (A forwarded socket would be faster
// still, but only the docker command over there knows where its engine listens.)
type sshDialer struct {
	host string // ssh://...
	dir  string // as Options.SharedDir

	once   sync.Once // guards the rest: the first connection finds out
	helper *connhelper.ConnectionHelper
	err    error
}

// sshPersist is for how long a connection is kept for the next command.
const sshPersist = "30"

func (s *sshDialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.once.Do(func() { s.helper, s.err = connhelper.GetConnectionHelperWithSSHOpts(s.host, s.flags(ctx)) })
	if s.err != nil {
		return nil, s.err
	}
	return s.helper.Dialer(ctx, network, address)
}

// flags have ssh share its connection, where it can. Windows' has no sockets for it.
func (s *sshDialer) flags(ctx context.Context) []string {
	if runtime.GOOS == "windows" || !shareable(s.dir) || s.configured(ctx) {
		return nil
	}
	sum := sha256.Sum256([]byte(s.host))
	socket := filepath.Join(s.dir, "stack-"+hex.EncodeToString(sum[:8]))
	return []string{"-oControlMaster=auto", "-oControlPath=" + socket, "-oControlPersist=" + sshPersist}
}

// socketRoom is what the system leaves to the folder of a socket's name, less
// ours and what ssh appends.
const socketRoom = 60

// shareable reports whether a socket can be made in a folder: ssh ends when it
// cannot.
func shareable(dir string) bool {
	if dir == "" || len(dir) > socketRoom || strings.ContainsAny(dir, "% \"'\\") {
		return false
	}
	file, err := os.CreateTemp(dir, "stack-*")
	if err != nil {
		return false
	}
	_ = file.Close()
	return os.Remove(file.Name()) == nil
}

// saidBySSH is what ssh, or a shell on the other side, had to say in the end, out of
// the error of a connection.
func saidBySSH(text string) (said string, ok bool) {
	if !strings.Contains(text, "command [ssh ") {
		return "", false
	}
	_, said, _ = strings.Cut(text, "stderr=")
	said = strings.TrimSpace(said)
	return said, said != ""
}

// configured reports whether the user's configuration shares connections to the
// host itself.
func (s *sshDialer) configured(ctx context.Context) bool {
	address, err := url.Parse(s.host)
	if err != nil {
		return false
	}
	target, err := ssh.NewSpec(address)
	if err != nil {
		return false
	}
	settings, _ := exec.CommandContext(ctx, "ssh", append([]string{"-G"}, target.Args()...)...).Output() // without ssh, dialing fails
	for line := range strings.Lines(string(settings)) {
		if path, ok := strings.CutPrefix(line, "controlpath "); ok && strings.TrimSpace(path) != "none" {
			return true
		}
	}
	return false
}
