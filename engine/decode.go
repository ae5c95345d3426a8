package engine

import (
	"fmt"

	"github.com/stackfile/stack/plan"
)

// kinds holds how to read each operation that Perform carries out, by its kind.
var kinds = map[string]func(code []byte) (plan.Op, error){
	CreateContainer{}.Kind():   decode[CreateContainer],
	StartContainer{}.Kind():    decode[StartContainer],
	StopContainer{}.Kind():     decode[StopContainer],
	RestartContainer{}.Kind():  decode[RestartContainer],
	UnpauseContainer{}.Kind():  decode[UnpauseContainer],
	PauseContainer{}.Kind():    decode[PauseContainer],
	KillContainer{}.Kind():     decode[KillContainer],
	CommitContainer{}.Kind():   decode[CommitContainer],
	UpdateContainer{}.Kind():   decode[UpdateContainer],
	RenameContainer{}.Kind():   decode[RenameContainer],
	RemoveContainer{}.Kind():   decode[RemoveContainer],
	CopyFiles{}.Kind():         decode[CopyFiles],
	RunHook{}.Kind():           decode[RunHook],
	WaitContainer{}.Kind():     decode[WaitContainer],
	CreateNetwork{}.Kind():     decode[CreateNetwork],
	RemoveNetwork{}.Kind():     decode[RemoveNetwork],
	ConnectNetwork{}.Kind():    decode[ConnectNetwork],
	DisconnectNetwork{}.Kind(): decode[DisconnectNetwork],
	CreateVolume{}.Kind():      decode[CreateVolume],
	RemoveVolume{}.Kind():      decode[RemoveVolume],
	PullImage{}.Kind():         decode[PullImage],
	PushImage{}.Kind():         decode[PushImage],
	BuildImage{}.Kind():        decode[BuildImage],
	TagImage{}.Kind():          decode[TagImage],
	RemoveImage{}.Kind():       decode[RemoveImage],
}

// DecodeOp reads an operation from its JSON form. It is the plan.OpDecoder of
// engines.
func DecodeOp(kind string, code []byte) (plan.Op, error) {
	read, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("operation %q: %w", kind, ErrUnsupported)
	}
	op, err := read(code)
	if err != nil {
		return nil, fmt.Errorf("operation %s: %w", kind, err)
	}
	return op, nil
}

func decode[T plan.Op](code []byte) (plan.Op, error) {
	var op T
	err := plan.DecodeStrictly(code, &op)
	return op, err
}
