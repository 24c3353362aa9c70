package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/atollkv/atoll/clock"
)

var (
	// ErrInUse: another process holds the data directory.
	ErrInUse = errors.New("data directory in use")
	// ErrCorrupt: bytes on disk are not what was written.
	ErrCorrupt = errors.New("store is damaged")
	// ErrDead: the disk failed before; the cause is wrapped beside it.
	ErrDead = errors.New("store is dead")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("store is closed")
)

// InUseError is ErrInUse with the process that holds the directory.
type InUseError struct {
	// PID is 0 when it is not known.
	PID int
}

// Error names the process.
func (e *InUseError) Error() string {
	if e.PID == 0 {
		return ErrInUse.Error() + " by another process"
	}
	return fmt.Sprintf("%v by pid %d", ErrInUse, e.PID)
}

// Unwrap returns ErrInUse.
func (e *InUseError) Unwrap() error { return ErrInUse }

// VitalError is ErrCorrupt where no peer can help: the node no longer knows what it holds.
type VitalError struct {
	Dir   string
	Cause error
}

// Error names the file and the command that is the way out.
func (e *VitalError) Error() string {
	return fmt.Sprintf("%v: this node cannot tell what it holds. Its peers can: run `%s`, then start it again, and it loads everything from them. "+
		"Updates that no peer has yet are only in the old directory, which is kept", e.Cause, ReloadCommand(e.Dir))
}

// Unwrap returns the cause.
func (e *VitalError) Unwrap() error { return e.Cause }

// TruncatedError says that the op log no longer reaches back as far as asked.
type TruncatedError struct {
	Origin clock.Origin
	// Start is the first sequence that the log still has.
	Start clock.Seq
}

// Error names the origin and the start of its log.
func (e *TruncatedError) Error() string {
	return fmt.Sprintf("op log of %v begins at %d", e.Origin, e.Start)
}

// ReloadCommand is what an operator types so that the node of a data directory begins
// anew with what its peers have.
func ReloadCommand(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if strings.Trim(dir, "/._-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		dir = "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
	}
	return "atoll reload " + dir
}
