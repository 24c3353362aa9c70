package store

import (
	"fmt"
	"sync"
)

// life says whether the store may still be trusted. It ends once.
type life struct {
	fatal func(error)
	once  sync.Once
	cause error         // set before ended is closed
	ended chan struct{} // closed by kill
}

func newLife(fatal func(error)) *life {
	return &life{fatal: fatal, ended: make(chan struct{})}
}

// kill ends the store's life. Only the first cause counts.
func (l *life) kill(cause error) {
	l.once.Do(func() {
		l.cause = fmt.Errorf("%w: %w", ErrDead, cause)
		close(l.ended)
		if l.fatal != nil {
			l.fatal(l.cause)
		}
	})
}

// err returns nil, or ErrDead with its cause.
func (l *life) err() error {
	select {
	case <-l.ended:
		return l.cause
	default:
		return nil
	}
}

// logger is what Pebble logs to. Messages for people come by Events; Fatalf, after
// which Pebble expects the process to be gone, ends the store's life.
type logger struct{ life *life }

func (logger) Infof(string, ...any)  {}
func (logger) Errorf(string, ...any) {}

func (g logger) Fatalf(format string, args ...any) { g.life.kill(fmt.Errorf(format, args...)) }
