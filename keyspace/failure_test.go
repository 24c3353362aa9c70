package keyspace_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
)

// frail is a store whose commits can be made to fail, and that counts open views.
type frail struct {
	*store.DB
	apply, sync error
	held        chan struct{} // unless nil, failing commits wait until it is closed
	views       atomic.Int64
	failing     atomic.Bool
	broken      atomic.Bool // a commit has failed
}

func (f *frail) Apply(c *store.Commit) (store.Pending, error) {
	if f.failing.Load() && f.apply != nil {
		return nil, f.apply
	}
	p, err := f.DB.Apply(c)
	if f.failing.Load() && f.sync != nil {
		f.broken.Store(true)
		return failed{f.sync, f.held}, err
	}
	return p, err
}

func (f *frail) View() store.View {
	f.views.Add(1)
	return &counted{f.DB.View(), &f.views}
}

type counted struct {
	store.View
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.View.Close()
}

type failed struct {
	err  error
	held chan struct{}
}

func (f failed) Acked() error {
	if f.held != nil {
		<-f.held
	}
	return f.err
}
func (f failed) Durable() error { return f.err }

func TestAFailedStoreEndsTheShardAndLeavesNothingOpen(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, f := range map[string]*frail{"apply": {apply: broken}, "sync": {sync: broken}} {
		t.Run(name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			db, err := store.Open(store.Options{Dir: "data", FS: vfs.NewMem()})
			if err != nil {
				t.Fatal(err)
			}
			f.DB = db
			s, err := keyspace.Open(keyspace.Config{CoreConfig: keyspace.CoreConfig{
				NewOrigin: func() clock.Origin { return 7 },
			}}, f, clock.NewHLC(clock.NewSystem(), 0))
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- s.Run(context.Background()) }()
			ctx := context.Background()
			if _, err := s.Execute(ctx, command.Set{Key: b("k"), Value: b("kept")}); err != nil {
				t.Fatal(err)
			}
			f.failing.Store(true)
			if _, err := s.Execute(ctx, command.Set{Key: b("k"), Value: b("lost")}); err == nil {
				t.Fatal("a write that failed was acknowledged")
			}
			if err := <-ended; !errors.Is(err, broken) {
				t.Fatalf("ended with %v", err)
			}
			if _, err := s.Execute(ctx, command.Set{Key: b("k"), Value: b("late")}); !errors.Is(err, keyspace.ErrClosed) {
				t.Fatalf("after the end: %v", err)
			}
			if n := f.views.Load(); n != 0 {
				t.Errorf("%d views are open", n)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			goleak.VerifyNone(t, before)
		})
	}
}

// A command that changes nothing writes nothing, and so waits for no commit of its own. It
// has seen what the commits before it changed: it must not be answered when they fail.
func TestWhoSawWhatIsLostIsNotAnswered(t *testing.T) {
	db, err := store.Open(store.Options{Dir: "data", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	f := &frail{DB: db, sync: errors.New("disk on fire"), held: make(chan struct{})}
	s, err := keyspace.Open(keyspace.Config{CoreConfig: keyspace.CoreConfig{
		NewOrigin: func() clock.Origin { return 7 },
	}}, f, clock.NewHLC(clock.NewSystem(), 0))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(context.Background()) }()
	ctx := context.Background()
	members := [][]byte{b("m")}
	if _, err := s.Execute(ctx, command.SAdd{Key: b("s"), Members: members}); err != nil {
		t.Fatal(err)
	}
	f.failing.Store(true)
	for range 2 { // the second removes nothing: its reply tells that the member is gone
		wait, err := s.Begin(ctx, command.SRem{Key: b("s"), Members: members})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if r, err := wait(); err == nil {
				t.Errorf("answered %v", r)
			}
		}()
		for s.Queued() > 0 || !f.broken.Load() { // each in a batch of its own
			runtime.Gosched()
		}
	}
	close(f.held)
	<-ended
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestACallerThatGoesAwayIsNotWaitedFor(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for range 50 {
		if _, err := n.Execute(gone, command.Incr{Key: b("n"), Delta: 1}); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if r, err := n.Execute(context.Background()); r != nil || err != nil {
		t.Fatal("no commands are no transaction")
	}
	do(t, n, command.Incr{Key: b("n"), Delta: 1})
}

func TestReadersBesideWritersSeeWholeTransactions(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 3)
	for range 2 {
		go func() {
			for ctx.Err() == nil {
				if _, err := n.Execute(context.Background(),
					command.SAdd{Key: b("s"), Members: manyMembers(40)}, command.Delete{List: [][]byte{b("s")}},
					command.SAdd{Key: b("s"), Members: manyMembers(20)[:7]}); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	go func() {
		for ctx.Err() == nil {
			if _, err := n.Digest(context.Background()); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	for range 300 {
		r := read(t, n, command.SMembers{Key: b("s")})
		if len(r.List) != 0 && len(r.List) != 7 {
			t.Fatalf("half a transaction: %d members", len(r.List))
		}
	}
	stop()
	for range 3 {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}
