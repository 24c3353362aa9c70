package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// patience is how long a cluster may take to get anywhere.
const patience = 60 * time.Second

// TestThreeRegions plays the scenario on containers, or on processes where no engine
// answers. TEST_CLUSTER=processes or =compose chooses.
func TestThreeRegions(t *testing.T) {
	ctx := t.Context()
	switch want, why := os.Getenv("TEST_CLUSTER"), engine(ctx); {
	case want == "processes":
		play(ctx, t, newProcesses(ctx, t))
	case why == "":
		t.Log("on the Docker engine, with docker-compose.yml")
		play(ctx, t, newCompose(ctx, t))
	case want == "compose":
		t.Fatal(why)
	default:
		say := "NOT IN CONTAINERS: " + why + ". The scenario runs with processes instead; docker-compose.yml is not proven."
		fmt.Fprintln(os.Stderr, "\n!!! "+say)
		t.Log(say)
		play(ctx, t, newProcesses(ctx, t))
	}
}

// scenario is one run: the cluster, and a client at every region.
type scenario struct {
	*testing.T
	cluster cluster
	at      map[string]*client.Client
}

func play(ctx context.Context, t *testing.T, c cluster) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.logs(context.Background()))
		}
	})
	s := &scenario{T: t, cluster: c, at: map[string]*client.Client{}}
	for _, r := range regions {
		s.connect(ctx, r)
	}
	s.writeHereReadThere(ctx)
	s.cutWriteHeal(ctx)
	s.killUnderWrites(ctx)
}

// connect waits until the region answers and has what the others have: a new node first
// finds out whether there is anything.
func (s *scenario) connect(ctx context.Context, region string) {
	s.Helper()
	s.eventually(region+" answers", func() error {
		db, err := client.Dial(ctx, s.cluster.addr(region), client.WithTimeout(time.Minute))
		if err != nil {
			return err
		}
		pong, err := db.Ping(ctx)
		if err == nil && pong.Region != region {
			err = fmt.Errorf("it says that it is %q", pong.Region)
		}
		if err == nil {
			if _, err = db.Register("greeting").Get(ctx); errors.Is(err, client.ErrNotFound) {
				err = nil
			}
		}
		if err != nil {
			return errors.Join(err, db.Close())
		}
		s.at[region] = db
		s.Cleanup(func() { _ = db.Close() })
		return nil
	})
}

func (s *scenario) writeHereReadThere(ctx context.Context) {
	s.must(s.at["us"].Register("greeting").Set(ctx, []byte("hello from us")))
	for _, r := range regions {
		s.eventually("the greeting of us at "+r, s.reads(ctx, r, "greeting", "hello from us"))
	}
	s.converged(ctx)
}

// cutWriteHeal cuts us off, writes on both sides and expects the printed rules.
func (s *scenario) cutWriteHeal(ctx context.Context) {
	us, eu := s.at["us"], s.at["eu"]
	s.done(us.Set("tags").Add(ctx, "old"))
	s.converged(ctx)

	s.must(s.cluster.isolate(ctx, "us"))
	s.Log("us is cut off")
	s.must(us.Register("conflict").Set(ctx, []byte("from us")))
	s.done(us.Counter("visits").Incr(ctx, 10))
	s.done(us.Set("tags").Remove(ctx, "old"))
	time.Sleep(300 * time.Millisecond) // the later writer wins, whoever it is: make it eu
	s.must(eu.Register("conflict").Set(ctx, []byte("from eu")))
	s.done(eu.Counter("visits").Incr(ctx, 7))
	s.done(eu.Set("tags").Add(ctx, "old")) // beside the removal: it stays
	s.eventually("eu's write at ap", s.reads(ctx, "ap", "conflict", "from eu"))
	s.must(s.reads(ctx, "us", "conflict", "from us")())
	s.must(s.counts(ctx, "us", "visits", 10)())
	s.eventually("eu's count at ap", s.counts(ctx, "ap", "visits", 7)) // written after what was just read there

	s.must(s.cluster.rejoin(ctx, "us"))
	healed := time.Now()
	s.converged(ctx)
	s.Logf("healed and converged in %v", time.Since(healed).Round(time.Millisecond))
	for _, r := range regions {
		s.must(s.reads(ctx, r, "conflict", "from eu")())
		s.must(s.counts(ctx, r, "visits", 17)())
		there, err := s.at[r].Set("tags").Contains(ctx, "old")
		s.must(err)
		if !there {
			s.Errorf("%s: the member added beside its removal is gone", r)
		}
		siblings, err := s.at[r].Register("conflict").Siblings(ctx)
		s.must(err)
		if len(siblings) != 2 {
			s.Errorf("%s: %d siblings of the conflict, want both writes", r, len(siblings))
		}
	}
}

// killUnderWrites kills ap while it acknowledges increments: all of them are there
// afterwards, and at most those whose outcome stayed unknown beside them.
func (s *scenario) killUnderWrites(ctx context.Context) {
	var acked, unknown int64
	var wg sync.WaitGroup
	started := make(chan struct{})
	wg.Go(func() {
		for {
			if _, err := s.at["ap"].Counter("hits").Incr(ctx, 1); err != nil {
				unknown++
				return
			}
			if acked++; acked == 50 {
				close(started)
			}
		}
	})
	select {
	case <-started:
	case <-time.After(patience):
		s.Fatal("ap did not acknowledge 50 increments")
	}
	s.must(s.cluster.kill(ctx, "ap"))
	wg.Wait()
	s.Logf("ap was killed after %d acknowledged increments", acked)
	s.done(s.at["eu"].Counter("hits").Incr(ctx, 1000))

	s.must(s.cluster.start(ctx, "ap"))
	s.connect(ctx, "ap")
	s.converged(ctx)
	for _, r := range regions {
		n, err := s.at[r].Counter("hits").Get(ctx)
		s.must(err)
		if n < acked+1000 || n > acked+unknown+1000 {
			s.Errorf("%s counts %d: want %d acknowledged, and at most %d more", r, n, acked+1000, unknown)
		}
	}
}

// reads returns a check that the region shows the value.
func (s *scenario) reads(ctx context.Context, region, key, want string) func() error {
	return func() error {
		got, err := s.at[region].Register(key).Get(ctx)
		if err == nil && string(got) != want {
			err = fmt.Errorf("%s shows %q under %q, want %q", region, got, key, want)
		}
		return err
	}
}

// counts returns a check that the region shows the number.
func (s *scenario) counts(ctx context.Context, region, key string, want int64) func() error {
	return func() error {
		got, err := s.at[region].Counter(key).Get(ctx)
		if err == nil && got != want {
			err = fmt.Errorf("%s counts %d under %q, want %d", region, got, key, want)
		}
		return err
	}
}

// converged waits until all regions have the same vectors and the same digests.
func (s *scenario) converged(ctx context.Context) {
	s.Helper()
	s.eventually("equal vectors and digests", func() error {
		var first *pb.DigestResponse
		for _, r := range regions {
			d, err := s.at[r].Admin().Digest(ctx, &pb.DigestRequest{})
			if err != nil {
				return err
			}
			if first == nil {
				first = d
			}
			if err := same(first, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// same compares what two nodes hold, not who they are.
func same(a, b *pb.DigestResponse) error {
	if len(a.GetShards()) == 0 || len(a.GetShards()) != len(b.GetShards()) {
		return fmt.Errorf("%s has %d shards, %s %d", a.GetRegion(), len(a.GetShards()), b.GetRegion(), len(b.GetShards()))
	}
	for i, x := range a.GetShards() {
		y := b.GetShards()[i]
		if len(x.GetVector()) != len(y.GetVector()) {
			return fmt.Errorf("vectors of %s and %s differ", a.GetRegion(), b.GetRegion())
		}
		for j, v := range x.GetVector() {
			if !proto.Equal(v, y.GetVector()[j]) {
				return fmt.Errorf("vectors of %s and %s differ", a.GetRegion(), b.GetRegion())
			}
		}
		if len(x.GetDigest()) == 0 || !bytes.Equal(x.GetDigest(), y.GetDigest()) {
			return fmt.Errorf("EQUAL VECTORS, OTHER DIGESTS: %s %x, %s %x", a.GetRegion(), x.GetDigest(), b.GetRegion(), y.GetDigest())
		}
	}
	return nil
}

// eventually tries until it works, or fails the test with the last error.
func (s *scenario) eventually(what string, try func() error) {
	s.Helper()
	end := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			s.Fatalf("no %s within %v: %v", what, patience, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *scenario) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// done is must for calls that also return a number.
func (s *scenario) done(_ int64, err error) {
	s.Helper()
	s.must(err)
}
