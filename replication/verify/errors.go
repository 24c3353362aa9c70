package verify

import "errors"

var (
	// ErrMalformed: the peer sent what no peer sends.
	ErrMalformed = errors.New("malformed message of a verification")
	// ErrUnexpected: a message does not follow the one before it.
	ErrUnexpected = errors.New("unexpected message of a verification")
	// ErrRefused: the peer does not want to be compared; the message says why.
	ErrRefused = errors.New("refused")
	// ErrBusy: another verification runs on this node.
	ErrBusy = errors.New("a verification is already running on this node")
	// ErrTooMany: the states differ in more cells than can be told apart.
	ErrTooMany = errors.New("too many differences")
)
