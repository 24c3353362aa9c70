package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// ErrAhead refuses cells of a donor that is being caught up by state itself: what they
// contain cannot be said in one vector.
var ErrAhead = errors.New("the donor is catching up by state itself")

// rangeSilence is how long a donor may send nothing.
const rangeSilence = 20 * time.Second

// Range asks a donor for the cells with Lo < key < Hi of its state.
type Range struct {
	ReceiverConfig
	Transport Transport
	Lo, Hi    []byte
	// Begin is told first what the donor has; its error ends the fetch.
	Begin func(heads []store.Head) error
	// Cell takes the cells, ascending.
	Cell func(store.Cell) error
}

// Fetch runs until everything came.
func (r Range) Fetch(ctx context.Context, address string, now func() replication.Now) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := r.Transport.DialTransfer(ctx, address)
	if err != nil {
		return err
	}
	silent := time.AfterFunc(rangeSilence, func() { cancel(fmt.Errorf("the donor sent nothing for %v", rangeSilence)) })
	defer silent.Stop()
	stop := context.AfterFunc(ctx, func() { stream.Close(context.Cause(ctx)) })
	defer stop()
	r.Resumes = true
	f := &rangeFetch{Range: r, receiver: NewReceiver(r.ReceiverConfig), stream: stream}
	for !f.done {
		f.send()
		f.receiver.Tick(now())
		if err = f.take(); err != nil {
			break
		}
		silent.Reset(rangeSilence)
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	stream.Close(err)
	return err
}

type rangeFetch struct {
	Range
	receiver *Receiver
	stream   Stream
	done     bool
}

func (f *rangeFetch) send() {
	for m := f.receiver.Next(); m != nil; m = f.receiver.Next() {
		// A stream that has ended tells why when it is read.
		if err := f.stream.Send(m); err != nil {
			return
		}
	}
}

// take handles the next message.
func (f *rangeFetch) take() error {
	m, err := f.stream.Recv()
	if err != nil {
		return err
	}
	step, err := f.receiver.Recv(m)
	if err != nil {
		return err
	}
	switch step := step.(type) {
	case *Begin:
		if err := f.Begin(step.Heads); err != nil {
			return err
		}
		f.receiver.Begun(f.Lo)
	case *Chunk:
		if err := f.chunk(step); err != nil {
			return err
		}
		f.receiver.Settled(step)
	case *End:
		f.done = true
	}
	return nil
}

func (f *rangeFetch) chunk(c *Chunk) error {
	if c.Beyond.Len() > 0 {
		return ErrAhead
	}
	for _, cell := range c.Cells {
		if bytes.Compare(cell.Key, f.Hi) >= 0 {
			f.done = true
			return nil
		}
		if err := f.Cell(cell); err != nil {
			return err
		}
	}
	f.done = c.Last() || bytes.Compare(c.UpTo, f.Hi) >= 0
	return nil
}
