package keyspace

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/store"
)

// A namespace is there while it has cells: its name is a part of their keys. So there is no list of namespaces that
// regions would have to agree on; who wants one looks from name to name.

// named bounds the cells of all namespaces but the default one.
func named() (lo, hi []byte) {
	return []byte{store.SpaceData, 0, 0, 0, spaceNamed}, []byte{store.SpaceData + 1}
}

// hasNamed tells whether a store may have cells of another namespace than the default one.
func hasNamed(src store.Reader) bool {
	lo, hi := named()
	found := false
	err := scan(src, lo, hi, func([]byte, []byte) (bool, error) {
		found = true
		return false, nil
	})
	return found || err != nil
}

// spaces returns the names of the namespaces that have cells, in their order: first nil, for the default one, in any case.
func (s stored) spaces() (names [][]byte, err error) { return s.firstSpaces(math.MaxInt) }

// firstSpaces is spaces up to some number of them.
func (s stored) firstSpaces(limit int) (names [][]byte, err error) {
	names = [][]byte{nil}
	if !s.named {
		return names, nil
	}
	it, err := s.src.Iterate(named())
	if err != nil {
		return names, err
	}
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	for ok := it.First(); ok && len(names) < limit; {
		at := slotAt(it.Key())
		if at <= nameAt || !namespace.Valid(it.Key()[nameAt:at]) {
			return names, fmt.Errorf("%w: cell of no namespace: %.80x", ErrDamaged, it.Key())
		}
		next := bytes.Clone(it.Key()[:at])
		names = append(names, next[nameAt:at:at])
		ok = it.SeekGE(afterName(next))
	}
	return names, it.Error()
}

// afterName is behind all cells of a namespace, which begin with prefix. No letter of a name is the greatest byte.
func afterName(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	end[len(end)-1]++
	return end
}

// Space is a namespace that has keys.
type Space struct {
	Name namespace.Name
	Size Size
}

// KnownSpace is a namespace that has cells, and how many keys it had when they were counted last, if they were.
type KnownSpace struct {
	Space
	Counted bool
}

// KnownSpaces returns the first namespaces that have cells, in the order of Spaces, at most limit, and counts nothing. More
// tells that there are others. Where a cell is damaged, those before it are returned.
func (s *Shard) KnownSpaces(limit int) (list []KnownSpace, more bool, err error) {
	p, err := s.acquire(func() {})
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, s.doneReading(p)) }()
	names, err := s.cellsOf(p).firstSpaces(limit + 1)
	if more = len(names) > limit || IsDamage(err); IsDamage(err) {
		err = nil
	}
	for _, name := range names[:min(limit, len(names))] {
		x := KnownSpace{Space: Space{Name: namespace.Name(name)}}
		x.Size, x.Counted = s.sizes.last(x.Name)
		list = append(list, x)
	}
	return list, more, err
}
