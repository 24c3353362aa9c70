package grpcserver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/atollkv/atoll/client/clienttest"
	"github.com/atollkv/atoll/keyspace"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/server/grpcserver"
)

const aMinute = 60_000

func names(list ...string) (keys [][]byte) {
	for _, n := range list {
		keys = append(keys, []byte(n))
	}
	return keys
}

func popOf(millis uint64, keys ...string) *pb.LMPopRequest {
	return pb.LMPopRequest_builder{Keys: names(keys...), WaitMs: millis}.Build()
}

func words(text string) *pb.CommandRequest {
	return pb.CommandRequest_builder{Arguments: names(strings.Fields(text)...)}.Build()
}

// awaits counts the commands that have begun, and wait where they find nothing.
type awaits struct {
	server.Shard
	n atomic.Int64
}

func (a *awaits) Begin(ctx context.Context, cmds ...keyspace.Command) (func() ([]keyspace.Reply, error), error) {
	wait, err := a.Shard.Begin(ctx, cmds...)
	if cmds[0].Name() == "AWAIT" && err == nil {
		a.n.Add(1)
	}
	return wait, err
}

// begun returns once so many have.
func (a *awaits) begun(t *testing.T, n int64) {
	t.Helper()
	for end := time.Now().Add(time.Minute); a.n.Load() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d calls wait, want %d", a.n.Load(), n)
		}
	}
}

// roomForOne is a server where one call waits for keys at a time.
func roomForOne(t *testing.T) (*clienttest.Server, *awaits) {
	a := &awaits{}
	one := clienttest.WithSurface(func(c *grpcserver.Config) { c.Waiters = 1 })
	return clienttest.NewServer(t, one, clienttest.WithShard(func(s server.Shard) server.Shard { a.Shard = s; return a })), a
}

// nobodyWaits returns when no call does, at a server with room for one.
func nobodyWaits(t *testing.T, kv pb.KVClient) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		_, err := kv.LMPop(t.Context(), popOf(1, "nobody's"))
		if err == nil {
			return
		}
		if status.Code(err) != codes.ResourceExhausted || time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// TestCallsThatWait lets each call wait, and gives it what it waits for, after what it does not.
func TestCallsThatWait(t *testing.T) {
	s, a := roomForOne(t)
	ctx, kv, other := t.Context(), pb.NewKVClient(connect(t, s)), pb.NewKVClient(connect(t, s))
	for i, c := range []struct {
		name   string
		call   func() (fmt.Stringer, error)
		writes []string
		want   string
	}{
		{"LMPop", func() (fmt.Stringer, error) { return kv.LMPop(ctx, popOf(aMinute, "a", "b")) },
			[]string{"SET a x", "RPUSH b 1 2"}, `found:true key:"b" values:"1"`},
		{"LMPop for ever", func() (fmt.Stringer, error) {
			return kv.LMPop(ctx, pb.LMPopRequest_builder{Keys: names("a"), Count: 5, Back: true, WaitMs: 1<<64 - 1}.Build())
		}, []string{"RPUSH a 1 2"}, `found:true key:"a" values:"2" values:"1"`},
		{"LMove", func() (fmt.Stringer, error) {
			return kv.LMove(ctx, pb.LMoveRequest_builder{Key: []byte("a"), Into: []byte("b"), WaitMs: aMinute}.Build())
		}, []string{"LPUSH b x", "RPUSH a 1"}, `found:true value:"1"`},
		{"ZMPop", func() (fmt.Stringer, error) {
			return kv.ZMPop(ctx, pb.ZMPopRequest_builder{Keys: names("a", "b"), Greatest: true, WaitMs: aMinute}.Build())
		}, []string{"RPUSH a 1", "ZADD b 2 x 1 y"}, `found:true key:"b" members:{member:"x" score:2}`},
		{"XRead", func() (fmt.Stringer, error) {
			from := []*pb.StreamPlace{pb.StreamPlace_builder{Key: []byte("a"), FromNow: true}.Build()}
			return kv.XRead(ctx, pb.XReadRequest_builder{Streams: from, WaitMs: aMinute}.Build())
		}, []string{"XADD b 1-1 f v", "XADD a 2-2 f v"}, `streams:{key:"a" entries:{id:{ms:2 seq:2} fields:{field:"f" value:"v"}}}`},
		{"XReadGroup", func() (fmt.Stringer, error) {
			_, err := other.Command(ctx, words("XGROUP CREATE c g $ MKSTREAM"))
			check(t, err)
			from := []*pb.GroupPlace{pb.GroupPlace_builder{Key: []byte("c")}.Build()}
			return kv.XReadGroup(ctx, pb.XReadGroupRequest_builder{Group: []byte("g"), Consumer: []byte("x"), Streams: from, WaitMs: aMinute}.Build())
		}, []string{"XADD c 2-2 f v"}, `streams:{key:"c" entries:{id:{ms:2 seq:2} fields:{field:"f" value:"v"}}}`},
		{"Command", func() (fmt.Stringer, error) { return kv.Command(ctx, words("BLPOP a b 0")) },
			[]string{"RPUSH b 1"}, `value:{list:{values:{text:"b"} values:{text:"1"}}}`},
		{"Command that reads", func() (fmt.Stringer, error) { return kv.Command(ctx, words("XREAD BLOCK 0 STREAMS a $")) },
			[]string{"XADD a 3-3 f v"}, `value:{map:{values:{text:"a"} values:{list:{values:{list:{values:{text:"3-3"} values:{list:{values:{text:"f"} values:{text:"v"}}}}}}}}}`},
	} {
		got := make(chan string, 1)
		go func() {
			response, err := c.call()
			if err != nil {
				got <- err.Error()
				return
			}
			got <- strings.ReplaceAll(response.String(), "  ", " ")
		}()
		a.begun(t, int64(i+1))
		for _, w := range c.writes {
			_, err := other.Command(ctx, words(w))
			check(t, err)
		}
		if response := <-got; response != c.want {
			t.Errorf("%s: %s, want %s", c.name, response, c.want)
		}
		_, err := other.Delete(ctx, pb.DeleteRequest_builder{Keys: names("a", "b")}.Build())
		check(t, err)
	}
}

// TestAWaitEndsInTime: nothing comes; and a wait that its client ends, or that ends with the connection, takes nothing.
func TestAWaitEndsInTime(t *testing.T) {
	s, a := roomForOne(t)
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, s))
	popped, err := kv.LMPop(ctx, popOf(1, "l"))
	if check(t, err); popped.GetFound() {
		t.Errorf("popped %v", popped)
	}
	moved, err := kv.LMove(ctx, pb.LMoveRequest_builder{Key: []byte("l"), Into: []byte("l"), WaitMs: 1}.Build())
	if check(t, err); moved.GetFound() {
		t.Errorf("moved %v", moved)
	}
	scored, err := kv.ZMPop(ctx, pb.ZMPopRequest_builder{Keys: names("l"), WaitMs: 1}.Build())
	if check(t, err); scored.GetFound() {
		t.Errorf("popped %v", scored)
	}
	nothing, err := kv.Command(ctx, words("BZPOPMIN l 0.001"))
	if check(t, err); nothing.GetValue().HasKind() {
		t.Errorf("command %v", nothing)
	}

	for _, c := range []struct {
		what string
		end  func(cancel func(), conn *grpc.ClientConn)
	}{
		{"canceled", func(cancel func(), _ *grpc.ClientConn) { cancel() }},
		{"without a connection", func(_ func(), conn *grpc.ClientConn) { _ = conn.Close() }},
		{"at its deadline", func(func(), *grpc.ClientConn) {}},
	} {
		ending, cancel := context.WithCancel(ctx)
		if c.what == "at its deadline" {
			ending, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
		}
		conn, before := connect(t, s), a.n.Load()
		ended := make(chan error, 1)
		go func() {
			_, err := pb.NewKVClient(conn).LMPop(ending, popOf(aMinute, "l"))
			ended <- err
		}()
		a.begun(t, before+1)
		c.end(cancel, conn)
		if err := <-ended; err == nil {
			t.Errorf("%s: served with nothing", c.what)
		}
		nobodyWaits(t, kv)
		cancel()
	}
	_, err = kv.Command(ctx, words("RPUSH l x"))
	check(t, err)
	length, err := kv.LLen(ctx, pb.LLenRequest_builder{Key: []byte("l")}.Build())
	if check(t, err); length.GetLength() != 1 {
		t.Errorf("%d elements are left", length.GetLength())
	}
}

func TestAWaitEndsWithTheNode(t *testing.T) {
	s, a := roomForOne(t)
	kv := pb.NewKVClient(connect(t, s))
	ended := make(chan error, 1)
	go func() {
		_, err := kv.LMPop(context.WithoutCancel(t.Context()), popOf(10*aMinute, "l"))
		ended <- err
	}()
	a.begun(t, 1)
	check(t, s.Stop())
	if err := <-ended; status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "draining") {
		t.Errorf("at the end of the node: %v", err)
	}
}

// TestWhereNothingWaits: in a transaction an operation that waits does not; in a stream it would hold up others.
func TestWhereNothingWaits(t *testing.T) {
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, clienttest.NewServer(t)))
	waiting := []*pb.Operation{
		pb.Operation_builder{Lmpop: popOf(aMinute, "l")}.Build(), pb.Operation_builder{Command: words("BLPOP l 0")}.Build(),
		pb.Operation_builder{Zmpop: pb.ZMPopRequest_builder{Keys: names("z"), WaitMs: aMinute}.Build()}.Build(),
	}
	done, err := kv.Txn(ctx, pb.TxnRequest_builder{Operations: waiting}.Build())
	check(t, err)
	for i, r := range done.GetResults() {
		if r.GetLmpop().GetFound() || r.GetZmpop().GetFound() || r.GetCommand().GetValue().HasKind() {
			t.Errorf("operation %d: %v", i, r)
		}
	}
	stream, err := kv.Stream(ctx)
	check(t, err)
	for i, op := range waiting {
		check(t, stream.Send(pb.StreamRequest_builder{Id: uint64(i + 1), Operation: op}.Build()))
		response, err := stream.Recv()
		check(t, err)
		if e := response.GetError(); e.GetCode() != "INVALID" || !strings.Contains(e.GetMessage(), "call of its own") {
			t.Errorf("stream: %v", response)
		}
	}
}

// TestWhoWaitsIsBounded: in calls, in keys of one, and in what the keys of all take.
func TestWhoWaitsIsBounded(t *testing.T) {
	s := clienttest.NewServer(t)
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, s))
	many := make([]string, 10_001)
	for i := range many {
		many[i] = fmt.Sprint("k", i)
	}
	if _, err := kv.LMPop(ctx, popOf(1, many...)); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "10001 keys to wait for, limit 10000") {
		t.Errorf("too many keys: %v", err)
	}
	for range 30 { // one after the other they take no more than one
		_, err := kv.LMPop(ctx, popOf(1, many[1:]...))
		check(t, err)
	}
	large := make([]string, 275)
	for i := range large {
		large[i] = strings.Repeat("k", 61_000)
	}
	if _, err := kv.LMPop(ctx, popOf(1, large...)); status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "limit 16777216") {
		t.Errorf("keys that are too large: %v", err)
	}
	_, err := kv.LMPop(ctx, popOf(0, large...)) // it does not wait
	check(t, err)

	one, a := roomForOne(t)
	first, second := pb.NewKVClient(connect(t, one)), pb.NewKVClient(connect(t, one))
	served := make(chan error, 1)
	go func() {
		_, err := first.LMPop(ctx, popOf(aMinute, "l"))
		served <- err
	}()
	a.begun(t, 1)
	if _, err := second.LMPop(ctx, popOf(1, "l")); status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "1 calls wait for keys already") {
		t.Errorf("a second call: %v", err)
	}
	_, err = second.Command(ctx, words("RPUSH l x"))
	check(t, err)
	check(t, <-served)
	nobodyWaits(t, second)
}

// TestAWaitIsOfItsNamespace: what is written to the same key elsewhere does not end it.
func TestAWaitIsOfItsNamespace(t *testing.T) {
	s, a := roomForOne(t)
	ctx, kv, other := t.Context(), pb.NewKVClient(connect(t, s)), pb.NewKVClient(connect(t, s))
	got := make(chan string, 1)
	go func() {
		r, err := kv.LMPop(ctx, pb.LMPopRequest_builder{Namespace: "a", Keys: names("l"), WaitMs: aMinute}.Build())
		got <- fmt.Sprintf("%s %v", r.GetValues(), err)
	}()
	a.begun(t, 1)
	for _, n := range []string{"", "b", "a"} {
		_, err := other.LPush(ctx, pb.LPushRequest_builder{Namespace: n, Key: []byte("l"), Values: names("in " + n)}.Build())
		check(t, err)
	}
	if r := <-got; r != "[in a] <nil>" {
		t.Errorf("popped %s", r)
	}
}

// TestAConsumerWhoseStreamGoes: its wait ends with an error, and what is added before serves it.
func TestAConsumerWhoseStreamGoes(t *testing.T) {
	s, a := roomForOne(t)
	ctx, kv, other := t.Context(), pb.NewKVClient(connect(t, s)), pb.NewKVClient(connect(t, s))
	run := func(text string) {
		t.Helper()
		_, err := other.Command(ctx, words(text))
		check(t, err)
	}
	for i, write := range []string{"XADD s 1-1 f v", "DEL s"} {
		run("DEL s")
		run("XGROUP CREATE s g $ MKSTREAM")
		got := make(chan error, 1)
		go func() {
			_, err := kv.Command(ctx, words("XREADGROUP GROUP g c BLOCK 0 STREAMS s >"))
			got <- err
		}()
		a.begun(t, int64(i+1))
		run(write)
		if err := <-got; (err == nil) != (i == 0) {
			t.Errorf("%s: %v", write, err)
		}
	}
}

// unheard loses the answer of a command that waits after it has begun.
type unheard struct{ server.Shard }

func (u unheard) Begin(ctx context.Context, cmds ...keyspace.Command) (func() ([]keyspace.Reply, error), error) {
	wait, err := u.Shard.Begin(ctx, cmds...)
	if err != nil || cmds[0].Name() != "AWAIT" {
		return wait, err
	}
	return func() ([]keyspace.Reply, error) {
		_, err := wait()
		return nil, errors.Join(context.DeadlineExceeded, err)
	}, nil
}

// TestAWaitOfWhichNobodyHeardTakesNothing: the call ends before it is known whether its wait has begun.
func TestAWaitOfWhichNobodyHeardTakesNothing(t *testing.T) {
	s := clienttest.NewServer(t, clienttest.WithShard(func(s server.Shard) server.Shard { return unheard{s} }))
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, s))
	if _, err := kv.LMPop(ctx, popOf(aMinute, "l")); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("unheard: %v", err)
	}
	pushed, err := kv.LPush(ctx, pb.LPushRequest_builder{Key: []byte("l"), Values: names("x")}.Build())
	check(t, err)
	length, err := kv.LLen(ctx, pb.LLenRequest_builder{Key: []byte("l")}.Build())
	if check(t, err); pushed.GetLength() != 1 || length.GetLength() != 1 {
		t.Errorf("%d elements, then %d", pushed.GetLength(), length.GetLength())
	}
}
