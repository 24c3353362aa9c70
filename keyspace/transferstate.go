package keyspace

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
)

// transferVersion is the first byte of the record that keeps a transfer's state.
const transferVersion = 1

// flags of the record.
const (
	transferActive = 1 << 0
	transferAtEnd  = 1 << 1
)

var errTransferState = errors.New("state of a transfer")

// saveTransfer puts the state into the open batch: it is written with the cells that it
// describes.
func (c *Core) saveTransfer() {
	t := &c.transfer
	key := transferKey(c.cfg.Shard, 0)
	if t.pass == nil && t.extras.empty() {
		t.folds = nil
		c.batch.set(transferKey(c.cfg.Shard, foldsPart), nil)
		c.batch.set(key, nil)
		return
	}
	c.batch.set(key, t.encode())
}

// encode returns version, flags, newest stamp u64, uvarint cells, position, extras.
func (t *transfer) encode() []byte {
	b := []byte{transferVersion, 0}
	var p pass
	if t.pass != nil {
		p = *t.pass
		b[1] |= transferActive
	}
	if p.end {
		b[1] |= transferAtEnd
	}
	b = binary.BigEndian.AppendUint64(b, uint64(t.newest))
	b = appendUvarint(b, p.cells)
	b = appendBytes(b, p.position)
	return t.extras.appendTo(b)
}

func (p *pass) encodeHeads() []byte {
	return store.AppendHeads(store.AppendHeads([]byte{transferVersion}, p.heads), p.floor)
}

// loadTransfer reads what saveTransfer wrote.
func loadTransfer(src store.Reader, shard store.ShardID) (t transfer, err error) {
	b, err := src.Get(transferKey(shard, 0))
	if err != nil || b == nil {
		return t, err
	}
	p, err := t.decode(b)
	if err != nil {
		return t, fmt.Errorf("%w: %w: %w", ErrDamaged, errTransferState, err)
	}
	if err := t.loadFolds(src, shard); err != nil || p == nil {
		return t, err
	}
	if b, err = src.Get(transferKey(shard, 1)); err != nil {
		return t, err
	}
	if err := p.decodeHeads(b); err != nil {
		return t, fmt.Errorf("%w: %w: %w", ErrDamaged, errTransferState, err)
	}
	t.pass = p
	return t, nil
}

func (t *transfer) loadFolds(src store.Reader, shard store.ShardID) error {
	b, err := src.Get(transferKey(shard, foldsPart))
	if err != nil || b == nil {
		return err
	}
	list, b, err := takeFoldings(b)
	if err == nil && len(b) > 0 {
		err = fmt.Errorf("%d bytes too many", len(b))
	}
	if err != nil {
		return fmt.Errorf("%w: %w: foldings: %w", ErrDamaged, errTransferState, err)
	}
	t.folds = t.folds.With(list...)
	return nil
}

func (t *transfer) decode(b []byte) (p *pass, err error) {
	if len(b) < 10 || b[0] != transferVersion {
		return nil, fmt.Errorf("%d bytes, or a version this build does not read", len(b))
	}
	flags := b[1]
	t.newest = clock.Timestamp(binary.BigEndian.Uint64(b[2:]))
	cells, b, err := clock.Uvarint(b[10:])
	if err != nil {
		return nil, err
	}
	at, b, err := takeBytes(b)
	if err != nil {
		return nil, err
	}
	if t.extras, b, err = decodeExtras(b); err != nil {
		return nil, err
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(b))
	}
	if flags&transferActive == 0 {
		return nil, nil
	}
	p = &pass{cells: cells, end: flags&transferAtEnd != 0}
	if len(at) > 0 {
		p.position = at
	}
	return p, nil
}

func (p *pass) decodeHeads(b []byte) (err error) {
	if len(b) == 0 || b[0] != transferVersion {
		return fmt.Errorf("%d bytes, or a version this build does not read", len(b))
	}
	if p.heads, b, err = store.DecodeHeads(b[1:]); err != nil {
		return err
	}
	if p.floor, b, err = store.DecodeHeads(b); err != nil {
		return err
	}
	p.vector = vectorOf(p.heads)
	if len(b) > 0 {
		err = fmt.Errorf("%d bytes too many", len(b))
	}
	return err
}

func appendUvarint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func appendBytes(b, v []byte) []byte { return append(appendUvarint(b, uint64(len(v))), v...) }

// takeBytes reads what appendBytes wrote from the front of b.
func takeBytes(b []byte) (v, rest []byte, err error) {
	n, b, err := clock.Uvarint(b)
	if err != nil || n > uint64(len(b)) {
		return nil, nil, fmt.Errorf("%d bytes announced: %w", n, ErrMalformed)
	}
	return b[:n], b[n:], nil
}
