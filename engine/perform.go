package engine

import (
	"context"
	"fmt"

	"github.com/stackfile/stack/plan"
)

// Perform carries out one operation of a plan on m. It may be called from
// several goroutines. progress is called from the calling goroutine's own
// call, and must not be nil.
func Perform(ctx context.Context, m Mutator, op plan.Op, progress func(plan.Progress)) (plan.Outcome, error) {
	switch op := op.(type) {
	case CreateContainer:
		return m.CreateContainer(ctx, op)
	case UpdateContainer:
		return m.UpdateContainer(ctx, op)
	case WaitContainer:
		return m.WaitContainer(ctx, op, progress)
	case CommitContainer:
		return m.CommitContainer(ctx, op)
	case PushImage:
		return plan.Outcome{}, m.PushImage(ctx, op, progress)
	case PullImage:
		return m.PullImage(ctx, op, progress)
	case BuildImage:
		return m.BuildImage(ctx, op, progress)
	case RunHook:
		return plan.Outcome{}, m.RunHook(ctx, op, progress)
	}
	return plan.Outcome{}, perform(ctx, m, op)
}

// perform carries out the operations that have no outcome and no progress.
func perform(ctx context.Context, m Mutator, op plan.Op) error {
	switch op := op.(type) {
	case StartContainer:
		return m.StartContainer(ctx, op)
	case StopContainer:
		return m.StopContainer(ctx, op)
	case RestartContainer:
		return m.RestartContainer(ctx, op)
	case UnpauseContainer:
		return m.UnpauseContainer(ctx, op)
	case PauseContainer:
		return m.PauseContainer(ctx, op)
	case KillContainer:
		return m.KillContainer(ctx, op)
	case RenameContainer:
		return m.RenameContainer(ctx, op)
	case RemoveContainer:
		return m.RemoveContainer(ctx, op)
	case CopyFiles:
		return m.CopyFiles(ctx, op)
	case CreateNetwork:
		return m.CreateNetwork(ctx, op)
	case RemoveNetwork:
		return m.RemoveNetwork(ctx, op)
	case ConnectNetwork:
		return m.ConnectNetwork(ctx, op)
	case DisconnectNetwork:
		return m.DisconnectNetwork(ctx, op)
	case CreateVolume:
		return m.CreateVolume(ctx, op)
	case RemoveVolume:
		return m.RemoveVolume(ctx, op)
	case TagImage:
		return m.TagImage(ctx, op)
	case RemoveImage:
		return m.RemoveImage(ctx, op)
	}
	return fmt.Errorf("operation %s: %w", op.Kind(), ErrUnsupported)
}
