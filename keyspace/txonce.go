package keyspace

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/atollkv/atoll/crdt"
)

// ErrUntold: an operation was sent again, and this node cannot tell whether it was done.
var ErrUntold = errors.New("whether the operation was done before is not known here")

// ErrIDUsed: an operation with this id was done, and it added another amount.
var ErrIDUsed = errors.New("the id is that of another increment of this counter, by another amount")

// Operation gives the transaction the name of an operation: an increment of one counter, which of names by its key in the
// namespace. done tells that it was done before; reply is then what it was answered, if told. Errors: ErrUntold, ErrIDUsed.
func (tx *Tx) Operation(of crdt.Counted, once *crdt.Once) (reply Reply, told, done bool, err error) {
	if tx.write == nil {
		return reply, false, false, ErrReadOnly
	}
	full := of
	full.Key = tx.full(of.Key)
	n, err := tx.write.origins.attempted(full, once)
	if err != nil {
		return reply, false, false, err
	}
	if len(n.Attempts) == 0 {
		tx.write.once = once
		return reply, false, false, tx.untold(of.Key, of.Type, of.Name, once.Retry)
	}
	if !slices.ContainsFunc(n.Attempts, func(a crdt.Attempt) bool { return a.Delta == of.Delta }) {
		return reply, false, false, ErrIDUsed
	}
	for _, a := range n.Attempts {
		if reply, told = decodeReply(a.Reply); told {
			break
		}
	}
	return reply, told, true, nil
}

// untold refuses a retry that cannot be noted, or would be one void too many.
func (tx *Tx) untold(key []byte, t crdt.Type, name []byte, retry bool) error {
	if !retry {
		return nil
	}
	if tx.write.origins.crowded() {
		return ErrUntold
	}
	f, err := tx.counterAt(key, t, name)
	if err == nil && len(f.Counter.Voids) >= voidsMax {
		err = ErrUntold
	}
	return err
}

func (tx *Tx) counterAt(key []byte, t crdt.Type, name []byte) (crdt.Field, error) {
	if t != crdt.TypeString {
		return tx.field(key, t, name)
	}
	h, err := tx.Header(key)
	return crdt.Field{Counter: h.Counter}, err
}

// What follows the first byte of an answer that is kept.
const (
	replyInt   = 0 // uvarint, zigzag
	replyValue = 1 // the bytes
	replyScore = 2 // bits of the float64, big endian
)

// encodeReply returns what is kept of an answer; nothing where it is too long.
func encodeReply(r *Reply) []byte {
	switch {
	case len(r.Value) > onceReplyMax:
		return nil
	case len(r.Value) > 0:
		return append([]byte{replyValue}, r.Value...)
	case r.Score != 0:
		return binary.BigEndian.AppendUint64([]byte{replyScore}, math.Float64bits(r.Score))
	default:
		return binary.AppendVarint([]byte{replyInt}, r.Int)
	}
}

func decodeReply(b []byte) (r Reply, ok bool) {
	if len(b) == 0 {
		return r, false
	}
	switch body := b[1:]; b[0] {
	case replyInt:
		n, used := binary.Varint(body)
		return Reply{Found: true, Int: n}, used == len(body)
	case replyValue:
		return Reply{Value: body, Found: true}, true
	case replyScore:
		if len(body) == 8 {
			return Reply{Found: true, Score: math.Float64frombits(binary.BigEndian.Uint64(body))}, true
		}
	}
	return r, false
}

// annul is a command that makes increments void, as a change says.
type annul struct{ change *crdt.Change }

// Name implements Command.
func (annul) Name() string { return "ANNUL" }

// Keys implements Command.
func (a annul) Keys() [][]byte { return [][]byte{a.change.Key} }

// Writes implements Command.
func (annul) Writes() bool { return true }

// errEnded: the key has ended. It is deleted in time, or lives longer.
var errEnded = errors.New("key has ended")

// Run implements Command.
func (a annul) Run(tx *Tx) (r Reply, err error) {
	key := tx.enter(a.change.Key)
	h, gone, err := tx.open(key)
	switch {
	case err == nil && gone:
		return r, errEnded
	case err != nil:
		return r, err
	case len(a.change.Fields) > 0:
		return r, tx.annulField(key, crdt.TypeHash, &a.change.Fields[0])
	case len(a.change.Scores) > 0:
		return r, tx.annulField(key, crdt.TypeZSet, &a.change.Scores[0])
	case !h.Counter.Counts(a.change.Voids[0].Dot):
		return r, nil // a reset has taken it, or somebody else was faster
	}
	k, err := tx.touch(key)
	if err != nil {
		return r, err
	}
	k.change.Voids = a.change.Voids
	tx.apply(k)
	return r, nil
}

// annulField is annul of one element. It claims nothing, and leaves the number of elements as it is.
func (tx *Tx) annulField(key []byte, t crdt.Type, change *crdt.FieldChange) error {
	f, err := tx.field(key, t, change.Name)
	if err != nil || !f.Counter.Counts(change.Voids[0].Dot) {
		return err
	}
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	x := &txField{before: f, edit: crdt.Edit{Voids: change.Voids}}
	tx.applyField(k, x)
	k.fieldsOf(t).put(change.Name, x)
	tx.apply(k)
	return nil
}
