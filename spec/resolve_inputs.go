package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// How much of a bind mount is looked at to see whether a job's inputs changed.
// Each command that reads the stack pays for it.
const (
	inputBytes = 1 << 20
	inputFiles = 1000
)

// errBeyond says that a bind mount is beyond what is looked at.
var errBeyond = fmt.Errorf("over 1 MiB or %d files", inputFiles)

// addInputs gives each job the digests of what it has bound from this machine.
// Configs and secrets have theirs in any case.
func addInputs(s *Stack) {
	for name, service := range s.Services {
		if !service.Job || service.Of != "" { // of a step the definition counts
			continue
		}
		for target, m := range service.Container.Mounts {
			if _, file := service.Container.Files[target]; m.Type == types.VolumeTypeBind && !file {
				service.addInput(target, m)
			}
		}
		s.Services[name] = service
	}
}

func (s *Service) addInput(target string, m Mount) {
	in := bound{hash: sha256.New()}
	switch err := in.read(m.Source); {
	case errors.Is(err, fs.ErrInvalid): // a socket or a device: no input
	case err != nil:
		s.Unread = with(s.Unread, target, reason(err))
	default:
		s.Container.Inputs = with(s.Container.Inputs, target, "sha256:"+hex.EncodeToString(in.hash.Sum(nil)))
		if m.ReadOnly {
			return // the job itself cannot change it
		}
		if s.Touched == nil {
			s.Touched = map[string]time.Time{}
		}
		s.Touched[target] = in.touched
	}
}

// A bound is what is read of one bind mount.
type bound struct {
	hash    hash.Hash
	touched time.Time // when any of it was last written
	bytes   int64
	files   int
}

// read takes in a file, or a folder with all below it. What is not there counts
// as an empty folder, which the engine makes of it.
func (in *bound) read(path string) error {
	path, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	found, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !found.IsDir() && !found.Mode().IsRegular():
		return fs.ErrInvalid
	}
	return filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return in.entry(path, file, entry)
	})
}

// entry takes in one file or folder: its name, its kind, whether it is executable, and
// its content. Links count by where they point to, and are not followed.
func (in *bound) entry(root, file string, entry fs.DirEntry) error {
	found, err := entry.Info()
	if err != nil {
		return err
	}
	if found.ModTime().After(in.touched) {
		in.touched = found.ModTime()
	}
	if file == root && entry.IsDir() {
		return nil
	}
	if in.files++; in.files > inputFiles {
		return errBeyond
	}
	name, err := filepath.Rel(root, file)
	if err != nil {
		return err
	}
	mode := found.Mode()
	if _, err := fmt.Fprintf(in.hash, "%q %s %o\n", filepath.ToSlash(name), mode.Type(), mode.Perm()&0o100); err != nil {
		return err
	}
	return in.content(file, mode)
}

func (in *bound) content(file string, mode fs.FileMode) error {
	switch {
	case mode&fs.ModeSymlink != 0:
		to, err := os.Readlink(file)
		if err == nil {
			_, err = fmt.Fprintf(in.hash, "%q\n", to)
		}
		return err
	case mode.IsRegular():
		return in.copy(file)
	}
	return nil
}

func (in *bound) copy(file string) error {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(from, inputBytes-in.bytes+1))
	if err != nil {
		return err
	}
	if in.bytes += n; in.bytes > inputBytes {
		return errBeyond
	}
	_, err = in.hash.Write(slices.Concat(sum.Sum(nil), []byte{'\n'}))
	return err
}
