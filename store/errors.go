package store

import (
	"errors"
	"fmt"

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
