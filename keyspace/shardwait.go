package keyspace

import "context"

// Await returns when the command is done and acknowledged, or with done false when ctx has ended before
// it was begun. The error is that of the command, or ErrClosed.
func (w *Wait) Await(ctx context.Context) (r Reply, done bool, err error) {
	stop := ctx.Done()
	for {
		select {
		case o := <-w.done:
			return w.result(o)
		case <-w.in.closed:
			select {
			case o := <-w.done:
				return w.result(o)
			default:
				return r, false, ErrClosed
			}
		case <-stop:
			if w.giveUp() {
				return r, false, nil
			}
			stop = nil // it is done, and its commit on the way
		}
	}
}

func (w *Wait) result(o outcome) (r Reply, done bool, err error) {
	if o.err != nil {
		return r, false, o.err
	}
	return o.replies[0], true, nil
}
