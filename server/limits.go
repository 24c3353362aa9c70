package server

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// Limits bound what one request may carry. A zero field takes its default.
type Limits struct {
	// KeyBytes bounds a key, a member of a set and a field of a hash; default 64 KiB.
	KeyBytes int
	// ValueBytes bounds the value of a string and of a field; default 8 MiB.
	ValueBytes int
	// Elements bounds the keys, members or fields of one command; default 1 Mi.
	Elements int
	// Operations bounds the commands of one transaction; default 100,000.
	Operations int
	// Page bounds what one page of a scan lists; longer ones are cut. Default 10,000.
	Page int
}

// DefaultLimits returns the defaults.
func DefaultLimits() Limits {
	return Limits{KeyBytes: 64 << 10, ValueBytes: 8 << 20, Elements: 1 << 20, Operations: 100_000, Page: 10_000}
}

func (l *Limits) setDefaults() {
	d := DefaultLimits()
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.KeyBytes, d.KeyBytes}, {&l.ValueBytes, d.ValueBytes}, {&l.Elements, d.Elements},
		{&l.Operations, d.Operations}, {&l.Page, d.Page},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
}

// check tells what of cmds is above a limit.
func (l *Limits) check(cmds []keyspace.Command) error {
	cmds = flat(cmds)
	if len(cmds) > l.Operations {
		return Errorf(CodeTooLarge, "%d operations, limit %d", len(cmds), l.Operations)
	}
	for _, cmd := range cmds {
		_, cmd := keyspace.SpaceOf(cmd)
		if err := l.checkCommand(cmd); err != nil {
			return err
		}
	}
	return nil
}

func (l *Limits) checkCommand(cmd keyspace.Command) error {
	keys := cmd.Keys()
	if scan, ok := cmd.(command.Scan); ok {
		keys = [][]byte{scan.Prefix}
	}
	if err := atMost(len(keys), l.Elements, "keys"); err != nil {
		return err
	}
	for _, key := range keys {
		if err := atMost(len(key), l.KeyBytes, "key bytes"); err != nil {
			return err
		}
	}
	values, members := payload(cmd)
	if err := atMost(len(values), l.Elements, "values"); err != nil {
		return err
	}
	for _, v := range values {
		if err := atMost(len(v), l.ValueBytes, "value bytes"); err != nil {
			return err
		}
	}
	if err := atMost(len(members), l.Elements, "members"); err != nil {
		return err
	}
	for _, m := range members {
		if err := atMost(len(m), l.KeyBytes, "member bytes"); err != nil {
			return err
		}
	}
	return nil
}

func atMost(n, limit int, what string) error {
	if n > limit {
		return &keyspace.TooLargeError{What: what, Size: n, Limit: limit}
	}
	return nil
}
