package docker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
)

// fakeSSH puts a program into PATH that stands for ssh: it notes its arguments and
// answers -G with a configuration.
func fakeSSH(t *testing.T, configuration string) (arguments func() string) {
	t.Helper()
	bin := t.TempDir()
	noted := filepath.Join(bin, "arguments")
	writeFile(t, filepath.Join(bin, "ssh"), `#!/bin/sh
echo "$@" >>`+noted+`
[ "$1" != -G ] || { echo "`+configuration+`"; exit; }
read -r request
echo "Permission denied (publickey)." >&2
exit 255
`, 0o755)
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	return func() string {
		text, err := os.ReadFile(noted)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

func TestConnectionsOfSSHAreSharedUnlessTheUserDoesIt(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 80))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, configuration string
		dir                 string
		shared              bool
	}{
		{"nothing configured", "controlmaster false", shortDir(t), true},
		{"switched off", "controlpath none", shortDir(t), true},
		{"the user's own", "controlpath /home/me/.ssh/x", shortDir(t), false},
		{"no folder", "", "", false},
		{"a folder that is not there", "", "/none/such", false},
		{"a name too long for a socket", "", long, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			arguments := fakeSSH(t, c.configuration)
			e, err := Open(t.Context(), Options{Host: "ssh://me@lab:22/run/docker.sock", SharedDir: c.dir})
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.Version(t.Context())
			if !errors.Is(err, engine.ErrUnavailable) || err.Error() != "engine at ssh://me@lab:22/run/docker.sock: no engine: Permission denied (publickey)." {
				t.Errorf("got %v", err)
			}
			said := arguments()
			if shared := strings.Contains(said, "-oControlPath="+c.dir+"/stack-"); shared != c.shared {
				t.Errorf("shared is %t, want %t: ssh %s", shared, c.shared, said)
			}
			if !strings.Contains(said, "docker '--host=unix:///run/docker.sock' system dial-stdio") {
				t.Errorf("ssh %s", said)
			}
		})
	}
}

// shortDir is a folder in which a socket can have a name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
