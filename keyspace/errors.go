package keyspace

import (
	"errors"
	"fmt"
)

var (
	// ErrWrongType: the key holds another type than the operation needs.
	ErrWrongType = errors.New("operation against a key holding the wrong kind of value")
	// ErrNotInteger: the string is not a 64-bit integer.
	ErrNotInteger = errors.New("value is not an integer or out of range")
	// ErrOverflow: the increment would leave the 64-bit range.
	ErrOverflow = errors.New("increment or decrement would overflow")
	// ErrCursor: the cursor is not one that this operation returned.
	ErrCursor = errors.New("invalid cursor")
	// ErrReadOnly: a command that only reads was about to write.
	ErrReadOnly = errors.New("write in a read")
	// ErrReadsOnly: a command that is for reads was given in the commit loop, which it would hold up.
	ErrReadsOnly = errors.New("works in reads only")
	// ErrBusy: a transfer is in the middle of the key's members; it can be written once it
	// has passed.
	ErrBusy = errors.New("key is being taken over from another region")
	// ErrClosed: the shard has stopped.
	ErrClosed = errors.New("shard is closed")
	// ErrDiverged: two histories carry the same dot. The frame was not merged.
	ErrDiverged = errors.New("chain hash differs: two histories share an origin")
	// ErrMalformed: a frame's record does not decode. It was not merged.
	ErrMalformed = errors.New("malformed record")
	// ErrSealed: updates that do not count: of a removed member, or of a retired origin,
	// beyond what every member had.
	ErrSealed = errors.New("beyond a seal")
	// ErrSuperseded: this data directory must not take writes any more, nor show what it
	// holds if the others refuse some of it.
	ErrSuperseded = errors.New("this data directory is superseded")
	// ErrDamaged: a cell in the store does not decode. It is not served.
	ErrDamaged = errors.New("damaged cell")
)

// TooLargeError reports something above its limit.
type TooLargeError struct {
	What        string
	Size, Limit int
}

// Error names the thing, its size and the limit, in bytes or elements.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s too large: %d, limit %d", e.What, e.Size, e.Limit)
}
