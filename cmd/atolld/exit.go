package main

import (
	"errors"
	"syscall"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/node"
	"github.com/atollkv/atoll/store"
)

// Exit codes, after sysexits.h where one fits.
const (
	exitOK      = 0
	exitError   = 1
	exitUsage   = 2
	exitDamaged = 65
	exitDefect  = 70
	exitDisk    = 74
	exitInUse   = 75
	exitMisfit  = 78
)

// usageError is a mistake on the command line.
type usageError struct{ error }

// exitCode finds the code for an error.
func exitCode(err error) int {
	var (
		usage  usageError
		config *node.ConfigError
		owner  *node.OwnerError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &config), errors.As(err, &owner):
		return exitMisfit
	case errors.Is(err, store.ErrInUse):
		return exitInUse
	case errors.Is(err, store.ErrCorrupt), errors.Is(err, keyspace.ErrDamaged):
		return exitDamaged
	case errors.Is(err, store.ErrDead), errors.Is(err, syscall.EIO), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EROFS):
		return exitDisk
	default:
		return exitError
	}
}
