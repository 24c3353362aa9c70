package rel

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// wall is a clock that stands still at an offset from now.
type wall struct{ millis int64 }

func (w wall) Read() (int64, time.Duration) { return w.millis, 0 }

// replica is a shard on a disk of its own, with the frames it made durable.
type replica struct {
	t     *testing.T
	shard *keyspace.Shard
	hlc   *clock.HLC
	stop  func()

	mu     sync.Mutex
	frames []*oplog.Frame // guarded by mu; its own, in order
}

func open(t *testing.T, fs vfs.FS, w clock.Wall) *replica {
	t.Helper()
	db, err := store.Open(store.Options{Dir: "data", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	heads, err := db.Heads(0)
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{t: t, hlc: clock.NewHLC(w, keyspace.Floor(heads))}
	r.shard, err = keyspace.Open(keyspace.Config{
		CoreConfig: keyspace.CoreConfig{Region: "r", Node: "n1", NewOrigin: func() clock.Origin { return clock.Origin(rand.Uint64() | 1) }},
		Events:     keyspace.Events{Durable: r.keep},
	}, db, r.hlc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.shard.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, db.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// fresh opens replicas on empty disks, under the system's clock.
func fresh(t *testing.T, n int) []*replica {
	t.Helper()
	list := make([]*replica, n)
	for i := range list {
		list[i] = open(t, vfs.NewMem(), clock.NewSystem())
	}
	return list
}

func (r *replica) keep(_ store.ShardID, frames []*oplog.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = append(r.frames, frames...)
}

// log returns every frame the replica made durable, of any origin, since it was opened.
// A write is acknowledged a moment before its frame is handed on: log waits for that.
func (r *replica) log() []*oplog.Frame {
	r.t.Helper()
	own := r.shard.Stats().Origin
	written := r.digest().Vector.Get(own)
	await(r.t, "its own frames", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		var have clock.Seq
		for _, f := range r.frames {
			if f.Origin == own {
				have = max(have, f.Last())
			}
		}
		return have >= written
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*oplog.Frame(nil), r.frames...)
}

func (r *replica) do(cmds ...keyspace.Command) []keyspace.Reply {
	r.t.Helper()
	replies, err := r.shard.Execute(context.Background(), cmds...)
	if err != nil {
		r.t.Fatal(err)
	}
	return replies
}

func (r *replica) set(key, value string) {
	r.t.Helper()
	r.do(command.Set{Key: []byte(key), Value: []byte(value)})
}

func (r *replica) del(key string) { r.t.Helper(); r.do(command.Delete{List: [][]byte{[]byte(key)}}) }
func (r *replica) incr(key string) {
	r.t.Helper()
	r.do(command.Incr{Key: []byte(key), Delta: 1})
}

func (r *replica) add(key, member string) {
	r.t.Helper()
	r.do(command.SAdd{Key: []byte(key), Members: [][]byte{[]byte(member)}})
}

func (r *replica) remove(key, member string) {
	r.t.Helper()
	r.do(command.SRem{Key: []byte(key), Members: [][]byte{[]byte(member)}})
}

func (r *replica) get(key string) string {
	r.t.Helper()
	reply, err := r.shard.Read(context.Background(), command.Get{Key: []byte(key)})
	if err != nil {
		r.t.Fatal(err)
	}
	return string(reply.Value)
}

func (r *replica) members(key string) string {
	r.t.Helper()
	reply, err := r.shard.Read(context.Background(), command.SMembers{Key: []byte(key)})
	if err != nil {
		r.t.Fatal(err)
	}
	var list []string
	for _, m := range reply.List {
		list = append(list, string(m))
	}
	return strings.Join(list, " ")
}

// merge hands frames over, as they would come from a stream; frames that come too early
// wait in the shard.
func (r *replica) merge(frames ...*oplog.Frame) {
	r.t.Helper()
	for _, f := range frames {
		decoded, err := oplog.Decode(f.Append(nil))
		if err != nil {
			r.t.Fatal(err)
		}
		settled := func(err error) {
			if err != nil && !errors.Is(err, keyspace.ErrClosed) {
				r.t.Errorf("merge: %v", err)
			}
		}
		if err := r.shard.Merge(context.Background(), decoded, settled); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *replica) digest() keyspace.Digest {
	r.t.Helper()
	d, err := r.shard.Digest(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// await waits for a condition.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// settle hands everything to everyone, a random replica first, and waits until all hold
// the same: vector and bytes.
func settle(t *testing.T, all ...*replica) {
	t.Helper()
	for _, i := range rand.Perm(len(all)) {
		for _, j := range rand.Perm(len(all)) {
			if i != j {
				all[i].merge(all[j].log()...)
			}
		}
	}
	same(t, all...)
}

// same waits for equal vectors and demands equal digests.
func same(t *testing.T, all ...*replica) {
	t.Helper()
	await(t, "equal vectors", func() bool {
		for _, r := range all[1:] {
			if !r.digest().Vector.Equal(all[0].digest().Vector) {
				return false
			}
		}
		return true
	})
	for _, r := range all[1:] {
		if r.digest().Sum != all[0].digest().Sum {
			t.Error("equal vectors, other digests")
		}
	}
}
