package respserver

import (
	"errors"
	"syscall"
)

// isOutOfFiles tells a lack of file descriptors, which passes, from a broken listener.
func isOutOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED)
}
