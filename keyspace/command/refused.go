package command

// RefusedError is why a command is refused for what its key holds, where the reason is the caller's: an
// argument that is looked at only then, or a text of its own. Within Multi the other commands go on.
type RefusedError struct{ Err error }

// Error gives the reason.
func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Err }

// refusing makes a RefusedError of a reason, nil of nil.
func refusing(why error) error {
	if why == nil {
		return nil
	}
	return &RefusedError{why}
}

// redisText is an error in the words of Redis.
type redisText string

// Error implements error.
func (t redisText) Error() string { return string(t) }
