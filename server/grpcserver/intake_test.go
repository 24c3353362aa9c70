package grpcserver

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

func TestTakersAreLetInInTheirOrder(t *testing.T) {
	b := newBudget(10)
	take := func(ctx context.Context, n int) error { t.Helper(); return b.take(ctx, n) }
	if err := take(t.Context(), 50); err != nil {
		t.Fatalf("one alone: %v", err)
	}
	order := make(chan int, 2)
	for i, n := range []int{10, 1} {
		go func() {
			if take(t.Context(), n) == nil {
				order <- i
			}
		}()
		for waits := 0; waits <= i; time.Sleep(time.Millisecond) {
			b.mu.Lock()
			waits = len(b.waiting)
			b.mu.Unlock()
		}
	}
	b.give(50)
	if first := <-order; first != 0 {
		t.Error("a small one overtook the one before it")
	}
	b.give(10)
	if second := <-order; second != 1 || b.taken != 1 || b.queued != 0 {
		t.Errorf("%d; taken %d, queued %d", second, b.taken, b.queued)
	}
}

func TestWhoLeavesTheQueueHoldsNobodyUp(t *testing.T) {
	b := newBudget(10)
	if err := b.take(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer leave()
	let := make(chan error, 1)
	go func() { // waits behind the one that does not fit
		for waits := 0; waits < 1; time.Sleep(time.Millisecond) {
			b.mu.Lock()
			waits = len(b.waiting)
			b.mu.Unlock()
		}
		let <- b.take(t.Context(), 3)
	}()
	if err := b.take(ctx, 9); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("let in: %v", err)
	}
	if err := <-let; err != nil || b.taken != 9 || b.queued != 0 {
		t.Errorf("%v; taken %d, queued %d", err, b.taken, b.queued)
	}
}

// TestARefusedRequestIsNotDecoded: what is refused is neither copied nor decoded, its id
// is known, and what is small comes through.
func TestARefusedRequestIsNotDecoded(t *testing.T) {
	request := func(size int) mem.BufferSlice {
		set := pb.SetRequest_builder{Key: []byte("k"), Value: make([]byte, size)}.Build()
		m := pb.StreamRequest_builder{Id: 300, Operation: pb.Operation_builder{Set: set}.Build()}.Build()
		text, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var data mem.BufferSlice
		for _, part := range [][]byte{text[:1], text[1:]} { // as it comes from the wire, in pieces
			data = append(data, mem.SliceBuffer(part))
		}
		return data
	}
	var full *server.Error
	in, c := newIntake(100_000, func() *server.Error { return full }), newCodec()
	read := func(size int) *decoding {
		d := &decoding{ctx: t.Context(), intake: in, message: &pb.StreamRequest{}}
		if err := c.Unmarshal(request(size), d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	refused := func(d *decoding) bool {
		e := (*server.Error)(nil)
		return errors.As(d.err, &e) && e.Code == server.CodeMemory && d.id == 300 && d.held == 0 && !d.message.(*pb.StreamRequest).HasOperation()
	}
	first := read(90_000)
	if first.err != nil || !bytes.Equal(first.message.(*pb.StreamRequest).GetOperation().GetSet().GetValue(), make([]byte, 90_000)) {
		t.Fatalf("the first: %v", first.err)
	}
	if d := read(50_000); !refused(d) {
		t.Errorf("beyond the intake: %+v", d)
	}
	if d := read(100); d.err != nil || d.held != 0 {
		t.Errorf("a small one: %+v", d)
	}
	first.release()
	if d := read(50_000); d.err != nil {
		t.Errorf("after the first ended: %v", d.err)
	} else {
		d.release()
	}
	full = server.Errorf(server.CodeMemory, "full")
	if d := read(90_000); !refused(d) {
		t.Errorf("while the memory is full: %+v", d)
	}
}

func TestThePoolKeepsFewFrames(t *testing.T) {
	p := newFramePool()
	var out []*[]byte
	for range 3 * framesKept {
		out = append(out, p.Get(frameBytes-1))
	}
	for _, b := range out {
		p.Put(b)
	}
	if len(p.free) != framesKept {
		t.Errorf("%d kept", len(p.free))
	}
	if b := p.Get(frameBytes); len(*b) != frameBytes || len(p.free) != framesKept-1 {
		t.Errorf("%d bytes, %d kept", len(*b), len(p.free))
	}
}
