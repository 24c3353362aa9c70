package crash

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	memTableBytes = 32 << 10
	stepTimeout   = time.Minute // a step that takes longer waits for ever
)

func storeOptions(fs vfs.FS) store.Options {
	return store.Options{Dir: "/atoll/data", FS: fs, MemTableBytes: memTableBytes, CacheBytes: 1 << 20}
}

// shard is an open shard that runs.
type shard struct {
	*keyspace.Shard
	db    *store.DB
	stop  context.CancelFunc
	ended chan error
}

// openShard opens what fs holds with a clock that is behind by some time. The next origin is
// given. durable may be nil.
func openShard(fs vfs.FS, origin clock.Origin, behind time.Duration, durable func([]*oplog.Frame)) (*shard, error) {
	db, err := store.Open(storeOptions(fs))
	if err != nil {
		return nil, err
	}
	heads, err := db.Heads(0)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	cfg := keyspace.Config{CoreConfig: keyspace.CoreConfig{Region: "us", Node: "n1", NewOrigin: func() clock.Origin { return origin }}}
	if durable != nil {
		cfg.Events.Durable = func(_ store.ShardID, frames []*oplog.Frame) { durable(frames) }
	}
	s, err := keyspace.Open(cfg, db, clock.NewHLC(still(behind), keyspace.Floor(heads)))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	x := &shard{Shard: s, db: db, stop: cancel, ended: make(chan error, 1)}
	go func() { x.ended <- s.Run(ctx) }()
	return x, nil
}

func (s *shard) close() error {
	s.stop()
	return errors.Join(<-s.ended, s.db.Close())
}

// reaches waits until the records of o up to seq are durable.
func (s *shard) reaches(ctx context.Context, o clock.Origin, seq clock.Seq) error {
	for {
		heads, moved := s.Durable()
		for _, h := range heads {
			if h.Origin == o && h.Seq >= seq {
				return nil
			}
		}
		select {
		case <-moved:
		case err := <-s.ended:
			s.ended <- err
			return errors.Join(keyspace.ErrClosed, err)
		case <-ctx.Done():
			return fmt.Errorf("record %d of %v: %w", seq, o, ctx.Err())
		}
	}
}

// run plays a script on a file system.
type run struct {
	fs      vfs.FS
	patient bool // every frame is waited for
	durable func([]*oplog.Frame)
	after   func(step int, s *shard) error // unless nil; step 0 is the start

	issued, acked atomic.Int64 // steps begun, and steps that must not get lost
	serving       atomic.Bool  // the store is neither being opened nor closed

	loose  bool // the last thing written is not synced
	handed bool // the loop may not have taken the last frames
	shard  *shard
	starts int
	owed   map[clock.Origin]clock.Seq // frames handed in and not yet waited for
}

func (r *run) open() (err error) {
	r.starts++
	r.shard, err = openShard(r.fs, clock.Origin(0x5000+r.starts), 0, r.durable)
	r.serving.Store(err == nil)
	return err
}

// play ends with the first step that fails. The shard stays open if it is.
func (r *run) play(steps []step) error {
	r.owed = map[clock.Origin]clock.Seq{}
	if err := r.open(); err != nil {
		return err
	}
	if err := r.look(0); err != nil {
		return err
	}
	for i, s := range steps {
		r.issued.Store(int64(i + 1))
		acked, err := r.do(s)
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, s.name, err)
		}
		if acked {
			r.acked.Store(int64(i + 1))
		}
		if err := r.look(i + 1); err != nil {
			return fmt.Errorf("after step %d, %s: %w", i+1, s.name, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	if err := r.settle(ctx); err != nil {
		return err
	}
	return r.close()
}

func (r *run) look(step int) error {
	if r.after == nil {
		return nil
	}
	return r.after(step, r.shard)
}

// do does one step and tells whether it, and all before it, must not get lost any more.
func (r *run) do(s step) (acked bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	switch {
	case s.cmds != nil:
		if err := r.order(ctx); err != nil {
			return false, fmt.Errorf("frames before it: %w", err)
		}
		before := r.shard.Stats().Records
		_, err := r.shard.Execute(ctx, s.cmds...)
		if !errors.Is(err, s.refused) {
			return false, fmt.Errorf("answered %w, wanted %v", err, s.refused)
		}
		// What changes nothing writes nothing, and so makes nothing durable.
		r.loose = r.loose && r.shard.Stats().Records == before
		return !r.loose, nil
	case s.frame != nil:
		return r.merge(ctx, s)
	}
	if err := r.settle(ctx); err != nil {
		return false, err
	}
	if s.act != nil {
		r.loose = true
		return false, s.act(r.shard.db) // a truncation is not synced of itself
	}
	if err := r.close(); err != nil {
		return false, err
	}
	r.loose = false
	return true, r.open()
}

func (r *run) merge(ctx context.Context, s step) (acked bool, err error) {
	err = r.shard.Merge(ctx, s.frame, func(error) {})
	r.handed = true
	r.owed[s.frame.Origin] = max(r.owed[s.frame.Origin], s.frame.Last())
	if err != nil || s.early || !r.patient {
		return false, err
	}
	return true, r.settle(ctx)
}

// order waits until the loop has taken the frames: commands have a queue of their own, and
// would not come after them by themselves. What operators ask for comes after them.
func (r *run) order(ctx context.Context) error {
	if !r.handed {
		return nil
	}
	r.handed = false
	_, err := r.shard.AcceptParked(ctx, 0)
	return err
}

// settle waits until all frames that were handed in are durable.
func (r *run) settle(ctx context.Context) error {
	for o, seq := range r.owed {
		if err := r.shard.reaches(ctx, o, seq); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) close() error {
	r.serving.Store(false)
	s := r.shard
	r.shard = nil
	return s.close()
}
