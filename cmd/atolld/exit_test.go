package main

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/node"
	"github.com/atollkv/atoll/store"
)

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("port taken"), 1},
		{usageError{errors.New("unknown flag")}, 2},
		{store.ErrCorrupt, 65},
		{keyspace.ErrDamaged, 65},
		{store.ErrDead, 74},
		{syscall.ENOSPC, 74},
		{&store.InUseError{PID: 1}, 75},
		{&node.ConfigError{Problems: []string{"x"}}, 78},
		{&node.OwnerError{}, 78},
	} {
		err := tt.err
		if err != nil {
			err = fmt.Errorf("run: %w", err)
		}
		if got := exitCode(err); got != tt.want {
			t.Errorf("%v: exit %d, want %d", tt.err, got, tt.want)
		}
	}
}
