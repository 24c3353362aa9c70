package respserver

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
)

// tower is a shard on which writes wait until they may land.
type tower struct {
	server.Shard
	begun   atomic.Int64
	reads   atomic.Int64
	goOn    chan struct{}
	missing int64 // the write that has no reply
}

func (s *tower) ExecuteEach(_ context.Context, cmds []keyspace.Command) (replies []keyspace.Reply, err error) {
	for range cmds {
		r := keyspace.Reply{Int: s.begun.Add(1)}
		if r.Int == 2 {
			r.Err = keyspace.ErrOverflow
		}
		if r.Int != s.missing {
			replies = append(replies, r)
		}
	}
	<-s.goOn
	return replies, nil
}

func (s *tower) Read(context.Context, keyspace.Command) (keyspace.Reply, error) {
	s.reads.Add(1)
	return keyspace.Reply{Found: true, Value: []byte("v")}, nil
}

func openTower(t *testing.T) (*tower, *door) {
	s := &tower{goOn: make(chan struct{})}
	return s, open(t, func(c *Config, gate *server.Config) {
		gate.Shard = s
		c.Events.Panic = nil // one is planted
	})
}

func TestWritesOfAPipelineAreBegunTogether(t *testing.T) {
	s, d := openTower(t)
	p := d.dial()
	p.send("INCR a\r\nINCR b\r\nINCR c\r\nGET a\r\nINCR d\r\n")
	eventually(t, "the writes before the read are begun", func() bool { return s.begun.Load() == 3 })
	if s.reads.Load() != 0 {
		t.Error("the read did not wait for the writes before it")
	}
	close(s.goOn)
	p.expect(":1\r\n-ERR increment or decrement would overflow\r\n:3\r\n$1\r\nv\r\n:4\r\n")
}

func TestWritesInFlightAreBounded(t *testing.T) {
	s, d := openTower(t)
	p := d.dial()
	s.begun.Store(1000)
	p.send(strings.Repeat("DEL k\r\n", 3*flightsMax))
	eventually(t, "as many are begun as may be", func() bool { return s.begun.Load() == 1000+flightsMax })
	close(s.goOn)
	for n := range 3 * flightsMax {
		p.expect(":" + strconv.Itoa(1001+n) + "\r\n")
	}
}

func TestAPanicInFlightLosesNoReplyBeforeIt(t *testing.T) {
	s, d := openTower(t)
	close(s.goOn)
	s.begun.Store(3)
	s.missing = 6
	p := d.dial()
	p.send("INCR a\r\nINCR b\r\nINCR c\r\nGET a\r\n")
	p.expect(":4\r\n:5\r\n-INTERNAL internal error; this is a defect in Atoll; the node's log has more\r\n")
	p.ends()
	eventually(t, "nothing is held", func() bool { return d.held.Load() == 0 })
}

// TestAPipelineAnswersInOrder mixes everything that may come between writes.
func TestAPipelineAnswersInOrder(t *testing.T) {
	p := open(t, nil).dial()
	once := "SET n 1\r\nINCR n\r\nGET n\r\nINCR n\r\nFOO\r\nAPPEND n x\r\nINCR n\r\nGETSET n 5\r\nINCRBY n x\r\nDECR n\r\nPING\r\n" +
		"SADD n m\r\nMULTI\r\nINCR n\r\nEXEC\r\nSET n a GET\r\nGETDEL n\r\nDEL n\r\nSETNX n b\r\nSETNX n c\r\nEXISTS n\r\n"
	want := "+OK\r\n:2\r\n$1\r\n2\r\n:3\r\n-ERR unknown command 'FOO', with args beginning with: \r\n:2\r\n-ERR value is not an integer or out of range\r\n$2\r\n3x\r\n" +
		"-ERR value is not an integer or out of range\r\n:4\r\n+PONG\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n+OK\r\n+QUEUED\r\n*1\r\n:5\r\n" +
		"$1\r\n5\r\n$1\r\na\r\n:0\r\n:1\r\n:0\r\n:1\r\n"
	const n = 50
	p.send(strings.Repeat(once, n) + "SET k last\r\n*1\r\n:5\r\n")
	p.expect(strings.Repeat(want, n) + "+OK\r\n-ERR Protocol error: expected '$', got ':'\r\n")
	p.ends()
}

// The time of a pipeline is counted once, not once for each of its writes: they wait for one commit together.
func TestWritesInFlightCountTheirTimeOnce(t *testing.T) {
	s, d := openTower(t)
	s.begun.Store(100) // none is refused, none panics
	p := d.dial()
	start := time.Now()
	p.send(strings.Repeat("INCR a\r\n", 50))
	eventually(t, "the writes are begun", func() bool { return s.begun.Load() == 150 })
	time.Sleep(20 * time.Millisecond) // what they would count fifty times
	close(s.goOn)
	for n := range 50 {
		p.expect(":" + strconv.Itoa(101+n) + "\r\n")
	}
	took := time.Since(start)
	if busy := time.Duration(d.commands["incr"].micros.Load()) * time.Microsecond; busy > took || busy < 20*time.Millisecond {
		t.Errorf("50 writes that took %v together are said to have taken %v", took, busy)
	}
}
