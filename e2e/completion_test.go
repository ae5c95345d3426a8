//go:build e2e

package e2e_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBashCompletes asks a real bash, as its Tab key does.
func TestBashCompletes(t *testing.T) {
	s := newSandbox(t, threeServices)
	script := `. /usr/share/bash-completion/bash_completion
source <(stack completion bash)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
COMP_TYPE=9 COMP_KEY=9
__start_stack 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"`
	for line, want := range map[string]string{
		"stack up fr": "front", "stack logs -f ba": "back", "stack pau": "pause", "stack up --progress js": "json",
	} {
		cmd := exec.CommandContext(t.Context(), "bash", append([]string{"--norc", "-c", script, "bash"}, strings.Fields(line)...)...)
		cmd.Dir, cmd.Env = s.dir, append(s.environment(), "PATH="+filepath.Dir(stackBinary)+":/usr/bin:/bin")
		out, err := cmd.CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s completes to %q, %v; want %s", line, out, err, want)
		}
	}
}
