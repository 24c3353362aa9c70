package grpcserver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/atollkv/atoll/client/clienttest"
	"github.com/atollkv/atoll/keyspace"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, s *clienttest.Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(32<<20), grpc.MaxCallRecvMsgSize(32<<20)))
	check(t, err)
	t.Cleanup(func() { check(t, conn.Close()) })
	return conn
}

var key = []byte("k")

func TestEveryMethodAnswers(t *testing.T) {
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, clienttest.NewServer(t)))
	set := []byte("s")
	for _, c := range []struct {
		name string
		call func() (fmt.Stringer, error)
		want string
	}{
		{"Ping", func() (fmt.Stringer, error) { return kv.Ping(ctx, &pb.PingRequest{}) }, `region:"test" node:"n1" cluster:"test"`},
		{"Set", func() (fmt.Stringer, error) {
			return kv.Set(ctx, pb.SetRequest_builder{Key: key, Value: []byte("5")}.Build())
		}, ``},
		{"Get", func() (fmt.Stringer, error) { return kv.Get(ctx, pb.GetRequest_builder{Key: key}.Build()) }, `found:true value:"5"`},
		{"Incr", func() (fmt.Stringer, error) {
			return kv.Incr(ctx, pb.IncrRequest_builder{Key: key, Delta: 2}.Build())
		}, `value:7`},
		{"ResetCounter", func() (fmt.Stringer, error) {
			return kv.ResetCounter(ctx, pb.ResetCounterRequest_builder{Key: key}.Build())
		}, `value:7`},
		{"SAdd", func() (fmt.Stringer, error) {
			return kv.SAdd(ctx, pb.SAddRequest_builder{Key: set, Members: [][]byte{[]byte("a"), []byte("b"), []byte("c")}}.Build())
		}, `added:3`},
		{"SRem", func() (fmt.Stringer, error) {
			return kv.SRem(ctx, pb.SRemRequest_builder{Key: set, Members: [][]byte{[]byte("b")}}.Build())
		}, `removed:1`},
		{"SMembers", func() (fmt.Stringer, error) {
			return kv.SMembers(ctx, pb.SMembersRequest_builder{Key: set, Limit: 1}.Build())
		}, `members:"a" cursor:"ma"`},
		{"SMembers, second page", func() (fmt.Stringer, error) {
			return kv.SMembers(ctx, pb.SMembersRequest_builder{Key: set, Cursor: []byte("ma")}.Build())
		}, `members:"c"`},
		{"SIsMember", func() (fmt.Stringer, error) {
			return kv.SIsMember(ctx, pb.SIsMemberRequest_builder{Key: set, Member: []byte("a")}.Build())
		}, `member:true`},
		{"SCard", func() (fmt.Stringer, error) { return kv.SCard(ctx, pb.SCardRequest_builder{Key: set}.Build()) }, `count:2`},
		{"Exists", func() (fmt.Stringer, error) {
			return kv.Exists(ctx, pb.ExistsRequest_builder{Keys: [][]byte{set, set, []byte("none")}}.Build())
		}, `count:2`},
		{"Delete", func() (fmt.Stringer, error) {
			return kv.Delete(ctx, pb.DeleteRequest_builder{Keys: [][]byte{key, []byte("none"), set}}.Build())
		}, ``},
		{"Txn with one key twice, in order", func() (fmt.Stringer, error) {
			return kv.Txn(ctx, pb.TxnRequest_builder{Operations: []*pb.Operation{incr(key, 4), incr(key, 1)}}.Build())
		}, `results:{incr:{value:4}} results:{incr:{value:5}}`},
		{"Scan", func() (fmt.Stringer, error) { return kv.Scan(ctx, pb.ScanRequest_builder{Prefix: key}.Build()) }, `keys:"k"`},
		{"Siblings of nothing", func() (fmt.Stringer, error) {
			return kv.Siblings(ctx, pb.SiblingsRequest_builder{Key: set}.Build())
		}, ``},
	} {
		got, err := c.call()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		// The text form varies its spaces on purpose.
		if text := strings.Join(strings.Fields(got.String()), " "); c.want != "" && text != c.want {
			t.Errorf("%s = %s, want %s", c.name, text, c.want)
		}
	}
}

func incr(key []byte, delta int64) *pb.Operation {
	return pb.Operation_builder{Incr: pb.IncrRequest_builder{Key: key, Delta: delta}.Build()}.Build()
}

// badRequests are refused alike as calls and on a stream.
var badRequests = []struct {
	name    string
	op      *pb.Operation
	grpc    codes.Code
	code    string
	message string
}{
	{"no key", pb.Operation_builder{Get: &pb.GetRequest{}}.Build(), codes.InvalidArgument, "INVALID", "key: required"},
	{"no keys", pb.Operation_builder{Delete: &pb.DeleteRequest{}}.Build(), codes.InvalidArgument, "INVALID", "keys: required"},
	{"an empty key in a list", pb.Operation_builder{Exists: pb.ExistsRequest_builder{Keys: [][]byte{key, nil}}.Build()}.Build(), codes.InvalidArgument, "INVALID", "keys[1]: required"},
	{"no members", pb.Operation_builder{Sadd: pb.SAddRequest_builder{Key: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "members: required"},
	{"an unknown namespace", pb.Operation_builder{Get: pb.GetRequest_builder{Namespace: "x", Key: key}.Build()}.Build(), codes.NotFound, "NONAMESPACE", `no namespace "x"`},
	{"a foreign cursor", pb.Operation_builder{Scan: pb.ScanRequest_builder{Cursor: []byte("nonsense")}.Build()}.Build(), codes.InvalidArgument, "CURSOR", "invalid cursor"},
	{"a long key", pb.Operation_builder{Get: pb.GetRequest_builder{Key: make([]byte, 70000)}.Build()}.Build(), codes.InvalidArgument, "TOOLARGE", "70000 key bytes, limit 65536"},
	{"an empty transaction", pb.Operation_builder{Txn: &pb.TxnRequest{}}.Build(), codes.InvalidArgument, "INVALID", "operations: required"},
	{"a transaction without an operation in it", txn(&pb.Operation{}), codes.InvalidArgument, "INVALID", "operations[0]: operation: required"},
	{"a transaction with a bad operation", txn(incr(key, 1), incr(nil, 1)), codes.InvalidArgument, "INVALID", "operations[1]: key: required"},
	{"a transaction in a transaction", txn(txn()), codes.InvalidArgument, "INVALID", "operations[0]: operation: ping and txn cannot be in a transaction"},
	{"a batch above the limit", txn(make([]*pb.Operation, 100_001)...), codes.InvalidArgument, "TOOLARGE", "100001 operations, limit 100000"},
	{"a wrong type", pb.Operation_builder{Scard: pb.SCardRequest_builder{Key: []byte("text")}.Build()}.Build(), codes.FailedPrecondition, "WRONGTYPE", keyspace.ErrWrongType.Error()},
	{"an increment of text", incr([]byte("text"), 1), codes.FailedPrecondition, "NOTINT", keyspace.ErrNotInteger.Error()},
	{"an overflow", incr([]byte("max"), 1), codes.OutOfRange, "OVERFLOW", keyspace.ErrOverflow.Error()},
}

func txn(ops ...*pb.Operation) *pb.Operation {
	for i := range ops {
		if ops[i] == nil {
			ops[i] = &pb.Operation{}
		}
	}
	return pb.Operation_builder{Txn: pb.TxnRequest_builder{Operations: ops}.Build()}.Build()
}

// call sends an operation as a call of its own.
func call(ctx context.Context, kv pb.KVClient, op *pb.Operation) (err error) {
	switch op.WhichOp() {
	case pb.Operation_Get_case:
		_, err = kv.Get(ctx, op.GetGet())
	case pb.Operation_Delete_case:
		_, err = kv.Delete(ctx, op.GetDelete())
	case pb.Operation_Exists_case:
		_, err = kv.Exists(ctx, op.GetExists())
	case pb.Operation_Sadd_case:
		_, err = kv.SAdd(ctx, op.GetSadd())
	case pb.Operation_Scan_case:
		_, err = kv.Scan(ctx, op.GetScan())
	case pb.Operation_Scard_case:
		_, err = kv.SCard(ctx, op.GetScard())
	case pb.Operation_Incr_case:
		_, err = kv.Incr(ctx, op.GetIncr())
	case pb.Operation_Txn_case:
		_, err = kv.Txn(ctx, op.GetTxn())
	}
	return err
}

func TestBadRequestsAreExplained(t *testing.T) {
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, clienttest.NewServer(t)))
	for k, v := range map[string]string{"text": "x", "max": "9223372036854775807"} {
		_, err := kv.Set(ctx, pb.SetRequest_builder{Key: []byte(k), Value: []byte(v)}.Build())
		check(t, err)
	}
	stream, err := kv.Stream(ctx)
	check(t, err)
	for i, c := range badRequests {
		t.Run(c.name, func(t *testing.T) {
			st := status.Convert(call(ctx, kv, c.op))
			if st.Code() != c.grpc || st.Message() != c.message || len(st.Details()) != 1 {
				t.Fatalf("call: %v %q", st.Code(), st.Message())
			}
			detail := st.Details()[0].(*pb.ErrorDetail)
			if detail.GetCode() != c.code || detail.GetMessage() != c.message {
				t.Errorf("detail: %v", detail)
			}
			check(t, stream.Send(pb.StreamRequest_builder{Id: uint64(i + 1), Operation: c.op}.Build()))
			response, err := stream.Recv()
			check(t, err)
			if e := response.GetError(); e.GetCode() != c.code || e.GetMessage() != c.message || response.GetId() != uint64(i+1) {
				t.Errorf("stream: %v", response)
			}
		})
	}
	check(t, stream.CloseSend())
	if _, err := stream.Recv(); err == nil {
		t.Error("stream goes on")
	}
}

// rawCodec sends bytes as they are, and reads answers as usual.
type rawCodec struct{ encoding.CodecV2 }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (rawCodec) Name() string { return proto.Name }

func raw(ctx context.Context, conn *grpc.ClientConn, method string, message []byte) error {
	return conn.Invoke(ctx, method, message, &pb.GetResponse{}, grpc.ForceCodecV2(rawCodec{encoding.GetCodecV2(proto.Name)}))
}

func TestRawMessages(t *testing.T) {
	conn := connect(t, clienttest.NewServer(t))
	for _, c := range []struct {
		name, method string
		message      []byte
		code         codes.Code
		text         string
	}{
		{"random bytes", pb.KV_Set_FullMethodName, []byte("\xff\xff\xff\xff"), codes.InvalidArgument, "cannot decode SetRequest"},
		{"a truncated message", pb.KV_Get_FullMethodName, []byte{0x12, 9, 'k'}, codes.InvalidArgument, "cannot decode GetRequest"},
		{"a message above the limit", pb.KV_Set_FullMethodName, make([]byte, 18<<20), codes.ResourceExhausted, "18874368 vs. 17825792"},
		{"an unknown field", pb.KV_Get_FullMethodName, []byte{0x12, 1, 'k', 0xf8, 0x07, 1}, codes.OK, ""},
		{"an unknown service", "/atoll.v1.Nothing/Get", nil, codes.Unimplemented, "unknown service"},
		{"an unknown method", "/atoll.v1.KV/Nothing", nil, codes.Unimplemented, "unknown method"},
		{"a method without its slash", "atoll.v1.KV/Get", nil, codes.Unimplemented, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := status.Convert(raw(t.Context(), conn, c.method, c.message))
			if st.Code() != c.code || !strings.Contains(st.Message(), c.text) {
				t.Errorf("%v: %s", st.Code(), st.Message())
			}
		})
	}
}

func TestStreamRefusesIDZero(t *testing.T) {
	stream, err := pb.NewKVClient(connect(t, clienttest.NewServer(t))).Stream(t.Context())
	check(t, err)
	check(t, stream.Send(&pb.StreamRequest{}))
	if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument || status.Convert(err).Message() != "id: required" {
		t.Errorf("error = %v", err)
	}
}

func TestStreamPipelines(t *testing.T) {
	stream, err := pb.NewKVClient(connect(t, clienttest.NewServer(t))).Stream(t.Context())
	check(t, err)
	const n = 5000
	go func() {
		for i := range n {
			if stream.Send(pb.StreamRequest_builder{Id: uint64(i + 1), Operation: incr(key, 1)}.Build()) != nil {
				return
			}
		}
		_ = stream.CloseSend()
	}()
	ids, values := map[uint64]bool{}, map[int64]bool{}
	for range n {
		r, err := stream.Recv()
		check(t, err)
		ids[r.GetId()], values[r.GetResult().GetIncr().GetValue()] = true, true
	}
	if len(ids) != n || len(values) != n || !values[n] {
		t.Errorf("%d ids, %d values", len(ids), len(values))
	}
}

// faulty panics on reads and lets writes wait for their context.
type faulty struct{ server.Shard }

func (faulty) Read(context.Context, keyspace.Command) (keyspace.Reply, error) { panic("planted") }

func (faulty) Execute(ctx context.Context, _ ...keyspace.Command) ([]keyspace.Reply, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestPanicFailsOneRequestOnly(t *testing.T) {
	conn := connect(t, clienttest.NewServer(t, clienttest.WithShard(func(s server.Shard) server.Shard { return faulty{s} })))
	kv := pb.NewKVClient(conn)
	get := pb.GetRequest_builder{Key: key}.Build()
	_, err := kv.Get(t.Context(), get)
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "planted") {
		t.Errorf("call: %v", err)
	}
	stream, err := kv.Stream(t.Context())
	check(t, err)
	for id := range uint64(2) {
		check(t, stream.Send(pb.StreamRequest_builder{Id: id + 1, Operation: pb.Operation_builder{Get: get}.Build()}.Build()))
		r, err := stream.Recv()
		check(t, err)
		if r.GetError().GetCode() != "INTERNAL" {
			t.Errorf("stream: %v", r)
		}
	}
	check(t, stream.CloseSend())
	_, _ = stream.Recv()
}

func TestDeadlineReachesTheShard(t *testing.T) {
	conn := connect(t, clienttest.NewServer(t, clienttest.WithShard(func(s server.Shard) server.Shard { return faulty{s} })))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := pb.NewKVClient(conn).Set(ctx, pb.SetRequest_builder{Key: key}.Build())
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("error = %v", err)
	}
}

func TestHealthFollowsTheDrain(t *testing.T) {
	s := clienttest.NewServer(t)
	conn := connect(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watch, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{Service: "atoll.v1.KV"})
	check(t, err)
	r, err := watch.Recv()
	check(t, err)
	if r.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("status = %v", r.GetStatus())
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop() }()
	r, err = watch.Recv()
	check(t, err)
	if r.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("status = %v", r.GetStatus())
	}
	cancel()
	check(t, <-stopped)
}

// admin is an Admin that refuses.
type admin struct{ pb.UnimplementedAdminServer }

func (admin) Status(context.Context, *pb.StatusRequest) (*pb.StatusResponse, error) {
	return pb.StatusResponse_builder{Region: "eu"}.Build(), nil
}

func (admin) CutLinks(context.Context, *pb.CutLinksRequest) (*pb.CutLinksResponse, error) {
	return nil, server.Errorf(server.CodeDenied, "dev.faults is off")
}

func (admin) Lag(context.Context, *pb.LagRequest) (*pb.LagResponse, error) {
	return nil, errors.New("secret")
}

func TestAdminIsPassedOnAndItsErrorsExplained(t *testing.T) {
	ctx, a := t.Context(), pb.NewAdminClient(connect(t, clienttest.NewServer(t, clienttest.WithAdmin(admin{}))))
	st, err := a.Status(ctx, &pb.StatusRequest{})
	check(t, err)
	if st.GetRegion() != "eu" {
		t.Errorf("status = %v", st)
	}
	if _, err := a.CutLinks(ctx, &pb.CutLinksRequest{}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("cut: %v", err)
	}
	if _, err := a.Lag(ctx, &pb.LagRequest{}); status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") {
		t.Errorf("lag: %v", err)
	}
	if _, err := a.Digest(ctx, pb.DigestRequest_builder{Namespace: "x"}.Build()); status.Code(err) != codes.NotFound {
		t.Errorf("digest: %v", err)
	}
}
