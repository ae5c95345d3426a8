// Command empty does nothing, with the same clients of the engine linked in as
// stack has: what it takes to start is what stack cannot get below.
package main

import (
	"context"
	"os"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/docker/client"
	buildkit "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
)

func main() {
	if len(os.Args) < 3 {
		return
	}
	// Never reached: it keeps the linker from leaving them out.
	_, _ = connhelper.GetConnectionHelper("")
	_, _ = client.NewClientWithOpts()
	_, _ = buildkit.New(context.Background(), "")
	_, _ = session.NewSession(context.Background(), "")
	_, _ = sshprovider.NewSSHAgentProvider(nil)
}
