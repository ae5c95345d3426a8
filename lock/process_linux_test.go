package lock

import (
	"io"
	"os/exec"
	"testing"
	"time"
)

func TestSelfIsAlive(t *testing.T) {
	self := Self()
	if self.Boot == "" || self.Namespaces == "" || self.Started == 0 {
		t.Errorf("of this process only this is known: %+v", self.Identity)
	}
	if got := self.Life(Holder{Identity: self.Identity}); got != Alive {
		t.Errorf("this process is %s", got)
	}
}

// A process that was killed has ended before its parent takes notice, and is
// gone afterwards.
func TestAKilledProcessIsDead(t *testing.T) {
	child := exec.CommandContext(t.Context(), "cat")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	self := Self()
	holder := Holder{Identity: self.Identity}
	holder.PID = child.Process.Pid
	started, err := startOf(holder.PID)
	if holder.Started = started; err != nil || self.Life(holder) != Alive {
		t.Errorf("while it runs: %s, %v", self.Life(holder), err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(out) // to the end, which comes with its death
	for deadline := time.Now().Add(10 * time.Second); self.Life(holder) == Alive && time.Now().Before(deadline); {
	}
	if got := self.Life(holder); got != Dead {
		t.Errorf("a zombie is %s", got)
	}
	_ = in.Close()
	_ = child.Wait() // says that it was killed
	if got := self.Life(holder); got != Dead {
		t.Errorf("when it is gone it is %s", got)
	}
}
