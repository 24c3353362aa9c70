package grpcserver

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
)

const (
	// waitKeysMax bounds the keys that one call waits for, waitBytesMax the bytes of those of all.
	waitKeysMax  = 10_000
	waitBytesMax = 16 << 20
	// waitKeyBytes is what a key that is waited for takes beside its name.
	waitKeyBytes = 64
)

// waitingFor makes a command one that waits for keys, if there is a time to wait.
func waitingFor(cmd keyspace.Command, millis uint64) keyspace.Command {
	if millis == 0 {
		return cmd
	}
	w := server.WaitingFor(cmd)
	if millis < math.MaxInt64/uint64(time.Millisecond) { // else for ever
		w.Timeout = time.Duration(millis) * time.Millisecond
	}
	return w
}

// run runs a command by itself, and lets it wait if it is one that does.
func (k *kvService) run(ctx context.Context, n namespace.Name, cmd keyspace.Command) (keyspace.Reply, error) {
	if w, waits := cmd.(server.Waiting); waits {
		return k.await(ctx, n, w)
	}
	replies, err := k.cfg.Dispatcher.Do(ctx, n, cmd)
	if err != nil {
		return keyspace.Reply{}, err
	}
	return replies[0], nil
}

func (k *kvService) await(ctx context.Context, n namespace.Name, w server.Waiting) (keyspace.Reply, error) {
	if len(w.For) > waitKeysMax {
		return keyspace.Reply{}, server.Errorf(server.CodeTooLarge, "%d keys to wait for, limit %d", len(w.For), waitKeysMax)
	}
	bytes := 0
	for _, key := range w.For {
		bytes += len(key) + waitKeyBytes
	}
	if err := k.keyWaits.enter(bytes); err != nil {
		return keyspace.Reply{}, err
	}
	defer k.keyWaits.leave(bytes)
	return k.cfg.Dispatcher.Await(ctx, n, w)
}

// waitingRoom bounds the calls that wait for keys at a time.
type waitingRoom struct {
	callsMax int

	mu    sync.Mutex
	calls int // guarded by mu
	bytes int // guarded by mu; what their keys take
}

func (r *waitingRoom) enter(bytes int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls >= r.callsMax {
		return server.Errorf(server.CodeOverload, "%d calls wait for keys already", r.calls)
	}
	if r.bytes+bytes > waitBytesMax {
		return server.Errorf(server.CodeOverload, "the keys that are waited for would take %d bytes, limit %d", r.bytes+bytes, waitBytesMax)
	}
	r.calls++
	r.bytes += bytes
	return nil
}

func (r *waitingRoom) leave(bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls--
	r.bytes -= bytes
}
