package stack

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// keySize is in bytes; the file has two hex digits for each.
const keySize = 32

// ReadKey reads the key of saved plans from its file, which nobody else may be
// able to read. One that is not there is an fs.ErrNotExist.
func ReadKey(file string) (Key, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("key of saved plans: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, &KeyError{file, fmt.Sprintf("others can read or change it (mode %04o)", mode)}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("key of saved plans: %w", err)
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keySize {
		return nil, &KeyError{file, fmt.Sprintf("is no key: want %d hex digits", 2*keySize)}
	}
	return key, nil
}

// A KeyError says why a file is not taken for the key of saved plans.
type KeyError struct{ File, Text string }

func (e *KeyError) Error() string { return fmt.Sprintf("key of saved plans %s: %s", e.File, e.Text) }

// MakeKey is ReadKey, but makes the key, and the folder, where there is none.
// Of several that make one at once all get the same.
func MakeKey(file string) (Key, error) {
	key, err := ReadKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	made := make([]byte, keySize)
	_, _ = rand.Read(made) // it never fails
	if err := makeKeyFile(file, hex.EncodeToString(made)+"\n"); err != nil {
		return nil, fmt.Errorf("make the key of saved plans: %w", err)
	}
	return ReadKey(file)
}

// makeKeyFile writes the file, unless it is there by now: a link is made only if
// its name is free.
func makeKeyFile(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	temporary, err := writeBeside(file, []byte(text))
	if err != nil {
		return err
	}
	err = os.Link(temporary, file)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(temporary))
}

// WritePlan writes a saved plan's file, readable by its owner only. It takes the
// place of an older saved plan at once and as a whole; of anything else it is an
// error.
func WritePlan(file string, sealed []byte) error {
	if err := replaceable(file); err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	temporary, err := writeBeside(file, sealed)
	if err == nil {
		err = os.Rename(temporary, file)
	}
	if err != nil {
		return fmt.Errorf("save the plan: %w", errors.Join(err, gone(temporary)))
	}
	return nil
}

// planHead is what the file of a saved plan begins with, of whatever version.
const planHead = `{"kind":"stack plan",`

// replaceable returns nil for a file that is a saved plan, or not there.
func replaceable(file string) error {
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &OverwriteError{file, "is no regular file"}
	}
	head, err := headOf(file, len(planHead))
	if err == nil && len(head) > 0 && string(head) != planHead {
		err = &OverwriteError{file, "is there, and is no saved plan"}
	}
	return err
}

// headOf are the first n bytes of a file, fewer if it has no more.
func headOf(file string, n int) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, int64(n)))
}

// An OverwriteError says that a plan is not saved in a file, which is left as it
// is.
type OverwriteError struct{ File, Text string }

func (e *OverwriteError) Error() string { return e.File + ": " + e.Text }

// writeBeside writes a new file next to one, readable by its owner only, and
// returns its name.
func writeBeside(file string, text []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// gone removes a file that was only on the way to somewhere.
func gone(temporary string) error {
	if temporary == "" {
		return nil
	}
	return os.Remove(temporary)
}
