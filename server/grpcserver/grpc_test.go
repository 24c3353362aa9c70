package grpcserver_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
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
	t.Cleanup(func() {
		if conn.GetState() != connectivity.Shutdown { // the test may have closed it
			check(t, conn.Close())
		}
	})
	return conn
}

var key = []byte("k")

func endsAt(ms int64) *pb.Lifetime { return pb.Lifetime_builder{AtMs: &ms}.Build() }

func TestEveryMethodAnswers(t *testing.T) {
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, clienttest.NewServer(t)))
	set, hash := []byte("s"), []byte("h")
	field := func(name, value string) *pb.FieldValue {
		return pb.FieldValue_builder{Field: []byte(name), Value: []byte(value)}.Build()
	}
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
		{"HSet", func() (fmt.Stringer, error) {
			return kv.HSet(ctx, pb.HSetRequest_builder{Key: hash, Fields: []*pb.FieldValue{field("f", "v"), field("g", ""), field("", "e")}}.Build())
		}, `added:3`},
		{"HSetNX", func() (fmt.Stringer, error) {
			return kv.HSetNX(ctx, pb.HSetNXRequest_builder{Key: hash, Field: []byte("n"), Value: []byte("5")}.Build())
		}, `set:true`},
		{"HIncr", func() (fmt.Stringer, error) {
			return kv.HIncr(ctx, pb.HIncrRequest_builder{Key: hash, Field: []byte("n"), Delta: 2}.Build())
		}, `value:7`},
		{"HGet", func() (fmt.Stringer, error) {
			return kv.HGet(ctx, pb.HGetRequest_builder{Key: hash, Field: []byte("f")}.Build())
		}, `found:true value:"v"`},
		{"HMGet", func() (fmt.Stringer, error) {
			return kv.HMGet(ctx, pb.HMGetRequest_builder{Key: hash, Fields: [][]byte{[]byte("n"), []byte("z"), []byte("g")}}.Build())
		}, `values:{found:true value:"7"} values:{} values:{found:true}`},
		{"HGetAll", func() (fmt.Stringer, error) {
			return kv.HGetAll(ctx, pb.HGetAllRequest_builder{Key: hash, Limit: 2}.Build())
		}, `fields:{value:"e"} fields:{field:"f" value:"v"} cursor:"mf"`},
		{"HKeys", func() (fmt.Stringer, error) {
			return kv.HKeys(ctx, pb.HKeysRequest_builder{Key: hash, Cursor: []byte("mf")}.Build())
		}, `fields:"g" fields:"n"`},
		{"HVals", func() (fmt.Stringer, error) {
			return kv.HVals(ctx, pb.HValsRequest_builder{Key: hash, Cursor: []byte("mg")}.Build())
		}, `values:"7"`},
		{"HExists", func() (fmt.Stringer, error) {
			return kv.HExists(ctx, pb.HExistsRequest_builder{Key: hash}.Build())
		}, `exists:true`},
		{"HStrLen", func() (fmt.Stringer, error) {
			return kv.HStrLen(ctx, pb.HStrLenRequest_builder{Key: hash, Field: []byte("f")}.Build())
		}, `length:1`},
		{"HDel", func() (fmt.Stringer, error) {
			return kv.HDel(ctx, pb.HDelRequest_builder{Key: hash, Fields: [][]byte{[]byte("f"), []byte("z")}}.Build())
		}, `deleted:1`},
		{"HLen", func() (fmt.Stringer, error) { return kv.HLen(ctx, pb.HLenRequest_builder{Key: hash}.Build()) }, `count:3`},
		{"ZAdd", func() (fmt.Stringer, error) {
			return kv.ZAdd(ctx, pb.ZAddRequest_builder{Key: board, Members: []*pb.ScoredMember{scored("a", 1), scored("b", 2.5), scored("", -1)}}.Build())
		}, `added:3`},
		{"ZAdd of what is there", func() (fmt.Stringer, error) {
			return kv.ZAdd(ctx, pb.ZAddRequest_builder{Key: board, OnlyNew: true, Members: []*pb.ScoredMember{scored("a", 9), scored("c", 3)}}.Build())
		}, `added:1`},
		{"ZIncr", func() (fmt.Stringer, error) {
			return kv.ZIncr(ctx, pb.ZIncrRequest_builder{Key: board, Member: []byte("a"), Delta: 0.5}.Build())
		}, `score:1.5`},
		{"ZScore", func() (fmt.Stringer, error) {
			return kv.ZScore(ctx, pb.ZScoreRequest_builder{Key: board, Member: []byte("b")}.Build())
		}, `found:true score:2.5`},
		{"ZRange", func() (fmt.Stringer, error) {
			return kv.ZRange(ctx, pb.ZRangeRequest_builder{Key: board, Stop: 1}.Build())
		}, `members:{score:-1} members:{member:"a" score:1.5}`},
		{"ZRangeByScore", func() (fmt.Stringer, error) {
			return kv.ZRangeByScore(ctx, pb.ZRangeByScoreRequest_builder{Key: board, Min: 1.5, MinOpen: true, Max: 3, Reverse: true, Limit: 1}.Build())
		}, `members:{member:"c" score:3}`},
		{"ZRank", func() (fmt.Stringer, error) {
			return kv.ZRank(ctx, pb.ZRankRequest_builder{Key: board, Member: []byte("b")}.Build())
		}, `found:true rank:2`},
		{"ZPop", func() (fmt.Stringer, error) {
			return kv.ZPop(ctx, pb.ZPopRequest_builder{Key: board, Greatest: true}.Build())
		}, `members:{member:"c" score:3}`},
		{"ZRem", func() (fmt.Stringer, error) {
			return kv.ZRem(ctx, pb.ZRemRequest_builder{Key: board, Members: [][]byte{[]byte("a"), []byte("x")}}.Build())
		}, `removed:1`},
		{"ZCard", func() (fmt.Stringer, error) { return kv.ZCard(ctx, pb.ZCardRequest_builder{Key: board}.Build()) }, `count:2`},
		{"LPush", func() (fmt.Stringer, error) {
			return kv.LPush(ctx, pb.LPushRequest_builder{Key: queue, Values: [][]byte{[]byte("a"), []byte("b"), []byte("")}, Back: true}.Build())
		}, `length:3`},
		{"LPush to what is not there", func() (fmt.Stringer, error) {
			return kv.LPush(ctx, pb.LPushRequest_builder{Key: []byte("none"), Values: [][]byte{[]byte("a")}, Existing: true}.Build())
		}, ``},
		{"LInsert", func() (fmt.Stringer, error) {
			return kv.LInsert(ctx, pb.LInsertRequest_builder{Key: queue, Pivot: []byte("a"), Value: []byte("c"), After: true}.Build())
		}, `inserted:true length:4`},
		{"LInsert beside nothing", func() (fmt.Stringer, error) {
			return kv.LInsert(ctx, pb.LInsertRequest_builder{Key: queue, Pivot: []byte("x"), Value: []byte("c")}.Build())
		}, ``},
		{"LSet", func() (fmt.Stringer, error) {
			return kv.LSet(ctx, pb.LSetRequest_builder{Key: queue, Index: -1, Value: []byte("a")}.Build())
		}, ``},
		{"LRange", func() (fmt.Stringer, error) {
			return kv.LRange(ctx, pb.LRangeRequest_builder{Key: queue, Start: 1, Stop: -1}.Build())
		}, `values:"c" values:"b" values:"a"`},
		{"LIndex", func() (fmt.Stringer, error) {
			return kv.LIndex(ctx, pb.LIndexRequest_builder{Key: queue, Index: 1}.Build())
		}, `found:true value:"c"`},
		{"LPos", func() (fmt.Stringer, error) {
			return kv.LPos(ctx, pb.LPosRequest_builder{Key: queue, Value: []byte("a")}.Build())
		}, `indexes:0 indexes:3`},
		{"LPos from the back", func() (fmt.Stringer, error) {
			return kv.LPos(ctx, pb.LPosRequest_builder{Key: queue, Value: []byte("a"), Rank: -1, Count: 1}.Build())
		}, `indexes:3`},
		{"LMove", func() (fmt.Stringer, error) {
			return kv.LMove(ctx, pb.LMoveRequest_builder{Key: queue, Into: queue, FromBack: true}.Build())
		}, `found:true value:"a"`},
		{"XAdd", func() (fmt.Stringer, error) {
			return kv.XAdd(ctx, pb.XAddRequest_builder{Key: log, Whole: streamID(5, 1), Fields: []*pb.FieldValue{field("f", "v"), field("f", "")}}.Build())
		}, `added:true id:{ms:5 seq:1}`},
		{"XAdd at a time", func() (fmt.Stringer, error) {
			at := uint64(6)
			r, err := kv.XAdd(ctx, pb.XAddRequest_builder{Key: log, Ms: &at, Fields: []*pb.FieldValue{field("g", "w")}}.Build())
			r.GetId().SetSeq(0) // the node's own
			return r, err
		}, `added:true id:{ms:6}`},
		{"XAdd to what is not there", func() (fmt.Stringer, error) {
			return kv.XAdd(ctx, pb.XAddRequest_builder{Key: []byte("none"), Existing: true, Fields: []*pb.FieldValue{field("g", "w")}}.Build())
		}, ``},
		{"XAdd that trims", func() (fmt.Stringer, error) {
			last := uint64(2)
			trim := pb.StreamTrim_builder{MaxLen: &last}.Build()
			return kv.XAdd(ctx, pb.XAddRequest_builder{Key: log, Whole: streamID(7, 0), Trim: trim, Fields: []*pb.FieldValue{field("h", "x")}}.Build())
		}, `added:true id:{ms:7}`},
		{"XRange", func() (fmt.Stringer, error) {
			return kv.XRange(ctx, pb.XRangeRequest_builder{Key: log, First: streamID(7, 0)}.Build())
		}, `entries:{id:{ms:7} fields:{field:"h" value:"x"}}`},
		{"XRange back", func() (fmt.Stringer, error) {
			return kv.XRange(ctx, pb.XRangeRequest_builder{Key: log, Reverse: true, Limit: 1}.Build())
		}, `entries:{id:{ms:7} fields:{field:"h" value:"x"}}`},
		{"XRange up to an id", func() (fmt.Stringer, error) {
			return kv.XRange(ctx, pb.XRangeRequest_builder{Key: log, Last: streamID(5, 9)}.Build())
		}, ``},
		{"XRead", func() (fmt.Stringer, error) {
			from := []*pb.StreamPlace{pb.StreamPlace_builder{Key: log, After: streamID(6, 1<<63)}.Build(), pb.StreamPlace_builder{Key: log, FromNow: true}.Build()}
			return kv.XRead(ctx, pb.XReadRequest_builder{Streams: from}.Build())
		}, `streams:{key:"log" entries:{id:{ms:7} fields:{field:"h" value:"x"}}}`},
		{"XCursor of nothing", func() (fmt.Stringer, error) {
			return kv.XCursor(ctx, pb.XCursorRequest_builder{Key: []byte("none")}.Build())
		}, `cursor:"AQIAAP___________wH___________8B__________8AAKsWx3YFQNT4"`},
		{"XGroupCreate", func() (fmt.Stringer, error) {
			read := uint64(2)
			start := pb.GroupStart_builder{After: streamID(6, 1<<63), Read: &read}.Build()
			return kv.XGroupCreate(ctx, pb.XGroupCreateRequest_builder{Key: log, Group: []byte("g"), Start: start}.Build())
		}, ``},
		{"XGroupCreateConsumer", func() (fmt.Stringer, error) {
			return kv.XGroupCreateConsumer(ctx, pb.XGroupCreateConsumerRequest_builder{Key: log, Group: []byte("g"), Consumer: []byte("d")}.Build())
		}, `created:true`},
		{"XReadGroup", func() (fmt.Stringer, error) {
			from := []*pb.GroupPlace{pb.GroupPlace_builder{Key: log}.Build()}
			return kv.XReadGroup(ctx, pb.XReadGroupRequest_builder{Group: []byte("g"), Consumer: []byte("c"), Streams: from}.Build())
		}, `streams:{key:"log" entries:{id:{ms:7} fields:{field:"h" value:"x"}}}`},
		{"XPending", func() (fmt.Stringer, error) {
			return kv.XPending(ctx, pb.XPendingRequest_builder{Key: log, Group: []byte("g")}.Build())
		}, `count:1 first:{ms:7} last:{ms:7} consumers:{name:"c" pending:1}`},
		{"XPendingRange of another", func() (fmt.Stringer, error) {
			return kv.XPendingRange(ctx, pb.XPendingRangeRequest_builder{Key: log, Group: []byte("g"), Consumer: []byte("d")}.Build())
		}, ``},
		{"XClaim", func() (fmt.Stringer, error) {
			idle, times := uint64(5000), uint64(7)
			return kv.XClaim(ctx, pb.XClaimRequest_builder{Key: log, Group: []byte("g"), Consumer: []byte("d"), Ids: []*pb.StreamID{streamID(7, 0)}, JustId: true, IdleMs: &idle, Times: &times}.Build())
		}, `entries:{id:{ms:7} fields:{field:"h" value:"x"}}`},
		{"XAutoClaim", func() (fmt.Stringer, error) {
			return kv.XAutoClaim(ctx, pb.XAutoClaimRequest_builder{Key: log, Group: []byte("g"), Consumer: []byte("c"), MinIdleMs: 4000}.Build())
		}, `entries:{id:{ms:7} fields:{field:"h" value:"x"}}`},
		{"XInfoGroups", func() (fmt.Stringer, error) {
			return kv.XInfoGroups(ctx, pb.XInfoGroupsRequest_builder{Key: log}.Build())
		}, `groups:{name:"g" consumers:2 pending:1 last:{ms:7} read:3 lag:0}`},
		{"XInfoConsumers of no group", func() (fmt.Stringer, error) {
			_, err := kv.XInfoConsumers(ctx, pb.XInfoConsumersRequest_builder{Key: log, Group: []byte("none")}.Build())
			if status.Code(err) != codes.NotFound {
				return nil, fmt.Errorf("%w, want NotFound", err)
			}
			return &pb.XInfoConsumersResponse{}, nil
		}, ``},
		{"XAck", func() (fmt.Stringer, error) {
			return kv.XAck(ctx, pb.XAckRequest_builder{Key: log, Group: []byte("g"), Ids: []*pb.StreamID{streamID(7, 0)}}.Build())
		}, `acknowledged:1`},
		{"XGroupSetID", func() (fmt.Stringer, error) {
			return kv.XGroupSetID(ctx, pb.XGroupSetIDRequest_builder{Key: log, Group: []byte("g"), Start: pb.GroupStart_builder{Last: new(bool)}.Build()}.Build())
		}, ``},
		{"XGroupDelConsumer", func() (fmt.Stringer, error) {
			return kv.XGroupDelConsumer(ctx, pb.XGroupDelConsumerRequest_builder{Key: log, Group: []byte("g"), Consumer: []byte("d")}.Build())
		}, ``},
		{"XGroupDestroy", func() (fmt.Stringer, error) {
			return kv.XGroupDestroy(ctx, pb.XGroupDestroyRequest_builder{Key: log, Group: []byte("g")}.Build())
		}, `destroyed:true`},
		{"XDel", func() (fmt.Stringer, error) {
			return kv.XDel(ctx, pb.XDelRequest_builder{Key: log, Ids: []*pb.StreamID{streamID(7, 0), streamID(5, 1)}}.Build())
		}, `deleted:1`},
		{"XLen", func() (fmt.Stringer, error) { return kv.XLen(ctx, pb.XLenRequest_builder{Key: log}.Build()) }, `length:1`},
		{"XTrim", func() (fmt.Stringer, error) {
			trim := pb.StreamTrim_builder{MinId: streamID(7, 0)}.Build()
			return kv.XTrim(ctx, pb.XTrimRequest_builder{Key: log, Trim: trim}.Build())
		}, `deleted:1`},
		{"XSetID", func() (fmt.Stringer, error) {
			added := uint64(9)
			return kv.XSetID(ctx, pb.XSetIDRequest_builder{Key: log, Last: streamID(9, 9), Added: &added, Deleted: streamID(8, 8)}.Build())
		}, ``},
		{"XInfo", func() (fmt.Stringer, error) { return kv.XInfo(ctx, pb.XInfoRequest_builder{Key: log}.Build()) }, `last:{ms:9 seq:9} added:9 deleted:{ms:8 seq:8}`},
		{"LTrim", func() (fmt.Stringer, error) {
			return kv.LTrim(ctx, pb.LTrimRequest_builder{Key: queue, Stop: 2}.Build())
		}, ``},
		{"LRem", func() (fmt.Stringer, error) {
			return kv.LRem(ctx, pb.LRemRequest_builder{Key: queue, Value: []byte("a"), Count: -1}.Build())
		}, `removed:1`},
		{"LPop", func() (fmt.Stringer, error) {
			return kv.LPop(ctx, pb.LPopRequest_builder{Key: queue, Back: true}.Build())
		}, `values:"c"`},
		{"LLen", func() (fmt.Stringer, error) {
			return kv.LLen(ctx, pb.LLenRequest_builder{Key: queue}.Build())
		}, `length:1`},
		{"Copy", func() (fmt.Stringer, error) {
			return kv.Copy(ctx, pb.CopyRequest_builder{Key: queue, To: []byte("queue2")}.Build())
		}, `copied:true`},
		{"Copy to what is there", func() (fmt.Stringer, error) {
			return kv.Copy(ctx, pb.CopyRequest_builder{Key: queue, To: []byte("queue2")}.Build())
		}, ``},
		{"Copy over what is there", func() (fmt.Stringer, error) {
			return kv.Copy(ctx, pb.CopyRequest_builder{Key: queue, To: []byte("queue2"), Replace: true}.Build())
		}, `copied:true`},
		{"Rename to what is there", func() (fmt.Stringer, error) {
			return kv.Rename(ctx, pb.RenameRequest_builder{Key: []byte("queue2"), To: queue, IfFree: true}.Build())
		}, ``},
		{"Rename", func() (fmt.Stringer, error) {
			return kv.Rename(ctx, pb.RenameRequest_builder{Key: []byte("queue2"), To: queue}.Build())
		}, `renamed:true`},
		{"BCreate", func() (fmt.Stringer, error) {
			return kv.BCreate(ctx, pb.BCreateRequest_builder{Key: []byte("stock"), Bound: -1, Value: 9}.Build())
		}, ``},
		{"BIncr", func() (fmt.Stringer, error) {
			return kv.BIncr(ctx, pb.BIncrRequest_builder{Key: []byte("stock"), Amount: 3}.Build())
		}, `value:12`},
		{"BDecr", func() (fmt.Stringer, error) {
			return kv.BDecr(ctx, pb.BDecrRequest_builder{Key: []byte("stock"), Amount: 13}.Build())
		}, `value:-1`},
		{"BGet", func() (fmt.Stringer, error) {
			return kv.BGet(ctx, pb.BGetRequest_builder{Key: []byte("stock")}.Build())
		}, `found:true value:-1`},
		{"BReclaim", func() (fmt.Stringer, error) {
			return kv.BReclaim(ctx, pb.BReclaimRequest_builder{Key: []byte("stock")}.Build())
		}, ``},
		{"BRights of nothing", func() (fmt.Stringer, error) {
			return kv.BRights(ctx, pb.BRightsRequest_builder{Key: []byte("none")}.Build())
		}, ``},
		{"SCard", func() (fmt.Stringer, error) { return kv.SCard(ctx, pb.SCardRequest_builder{Key: set}.Build()) }, `count:2`},
		{"Exists", func() (fmt.Stringer, error) {
			return kv.Exists(ctx, pb.ExistsRequest_builder{Keys: [][]byte{set, set, []byte("none")}}.Build())
		}, `count:2`},
		{"Delete", func() (fmt.Stringer, error) {
			return kv.Delete(ctx, pb.DeleteRequest_builder{Keys: [][]byte{key, []byte("none"), set}}.Build())
		}, ``},
		{"Set that ends", func() (fmt.Stringer, error) {
			return kv.Set(ctx, pb.SetRequest_builder{Key: key, Value: []byte("5"), Lifetime: endsAt(4_102_444_800_000)}.Build())
		}, ``},
		{"Expire if there is no deadline", func() (fmt.Stringer, error) {
			return kv.Expire(ctx, pb.ExpireRequest_builder{Key: key, Lifetime: endsAt(4_102_444_900_000), IfNone: true}.Build())
		}, ``},
		{"Expire if it is sooner", func() (fmt.Stringer, error) {
			return kv.Expire(ctx, pb.ExpireRequest_builder{Key: key, Lifetime: endsAt(4_102_444_900_000), IfSome: true, IfSooner: true}.Build())
		}, ``},
		{"Expire if it is later", func() (fmt.Stringer, error) {
			return kv.Expire(ctx, pb.ExpireRequest_builder{Key: key, Lifetime: endsAt(4_102_444_900_000), IfLater: true}.Build())
		}, `set:true`},
		{"Persist", func() (fmt.Stringer, error) {
			return kv.Persist(ctx, pb.PersistRequest_builder{Key: key}.Build())
		}, `persisted:true`},
		{"Persist again", func() (fmt.Stringer, error) {
			return kv.Persist(ctx, pb.PersistRequest_builder{Key: key}.Build())
		}, ``},
		{"TTL without end", func() (fmt.Stringer, error) { return kv.TTL(ctx, pb.TTLRequest_builder{Key: key}.Build()) }, `found:true`},
		{"Expire at once", func() (fmt.Stringer, error) {
			return kv.Expire(ctx, pb.ExpireRequest_builder{Key: key, Lifetime: endsAt(1)}.Build())
		}, `set:true`},
		{"TTL of nothing", func() (fmt.Stringer, error) { return kv.TTL(ctx, pb.TTLRequest_builder{Key: key}.Build()) }, ``},
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

var board, queue, log = []byte("board"), []byte("queue"), []byte("log")

func streamID(ms, seq uint64) *pb.StreamID { return pb.StreamID_builder{Ms: ms, Seq: seq}.Build() }

func scored(member string, score float64) *pb.ScoredMember {
	return pb.ScoredMember_builder{Member: []byte(member), Score: score}.Build()
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
	{"no lifetime", pb.Operation_builder{Expire: pb.ExpireRequest_builder{Key: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "lifetime: in_ms or at_ms: required"},
	{"the end of no key", pb.Operation_builder{Expire: pb.ExpireRequest_builder{Lifetime: endsAt(1)}.Build()}.Build(), codes.InvalidArgument, "INVALID", "key: required"},
	{"the persistence of no key", pb.Operation_builder{Persist: &pb.PersistRequest{}}.Build(), codes.InvalidArgument, "INVALID", "key: required"},
	{"the time of no key", pb.Operation_builder{Ttl: &pb.TTLRequest{}}.Build(), codes.InvalidArgument, "INVALID", "key: required"},
	{"no fields", pb.Operation_builder{Hset: pb.HSetRequest_builder{Key: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "fields: required"},
	{"no fields to delete", pb.Operation_builder{Hdel: pb.HDelRequest_builder{Key: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "fields: required"},
	{"no key of a hash", pb.Operation_builder{Hincr: &pb.HIncrRequest{}}.Build(), codes.InvalidArgument, "INVALID", "key: required"},
	{"no scores", pb.Operation_builder{Zadd: pb.ZAddRequest_builder{Key: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "members: required"},
	{"a score that is no number", pb.Operation_builder{Zadd: pb.ZAddRequest_builder{Key: key, Members: []*pb.ScoredMember{scored("m", math.NaN())}}.Build()}.Build(), codes.InvalidArgument, "INVALID", "score: not a number"},
	{"conditions that exclude each other", pb.Operation_builder{Zadd: pb.ZAddRequest_builder{Key: key, OnlyNew: true, Less: true, Members: []*pb.ScoredMember{scored("m", 1)}}.Build()}.Build(), codes.InvalidArgument, "INVALID", "conditions: not together"},
	{"a span of no numbers", pb.Operation_builder{ZrangeByScore: pb.ZRangeByScoreRequest_builder{Key: key, Max: math.NaN()}.Build()}.Build(), codes.InvalidArgument, "INVALID", "max: not a number"},
	{"a copy of a key to itself", pb.Operation_builder{Copy: pb.CopyRequest_builder{Key: key, To: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "to: the key itself"},
	{"no new name", pb.Operation_builder{Rename: pb.RenameRequest_builder{Key: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "to: required"},
	{"a new name for nothing", pb.Operation_builder{Rename: pb.RenameRequest_builder{Key: []byte("nothing"), To: key}.Build()}.Build(), codes.NotFound, "NOKEY", "no such key"},
	{"nothing to push", pb.Operation_builder{Lpush: pb.LPushRequest_builder{Key: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "values: required"},
	{"more than a response holds", pb.Operation_builder{Lpop: pb.LPopRequest_builder{Key: key, Count: 1<<20 + 1}.Build()}.Build(), codes.InvalidArgument, "TOOLARGE", "count: 1048577 elements, limit 1048576"},
	{"more elements than a request holds", pb.Operation_builder{Pfadd: pb.PFAddRequest_builder{Key: key, Elements: make([][]byte, 1<<20+1)}.Build()}.Build(), codes.InvalidArgument, "TOOLARGE", "1048577 values, limit 1048576"},
	{"no list to move into", pb.Operation_builder{Lmove: pb.LMoveRequest_builder{Key: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "into: required"},
	{"an element of nothing", pb.Operation_builder{Lset: pb.LSetRequest_builder{Key: []byte("nothing")}.Build()}.Build(), codes.NotFound, "NOKEY", "no such key"},
	{"a long field", pb.Operation_builder{Hget: pb.HGetRequest_builder{Key: key, Field: make([]byte, 70000)}.Build()}.Build(), codes.InvalidArgument, "TOOLARGE", "70000 member bytes, limit 65536"},
	{"a namespace that is no name", pb.Operation_builder{Get: pb.GetRequest_builder{Namespace: "x y", Key: key}.Build()}.Build(), codes.InvalidArgument, "NONAMESPACE", `namespace "x y": must be "default", a number from 0 to 15, or 1 to 64 letters, digits, ".", "_" and "-", a letter first`},
	{"a long pattern", pb.Operation_builder{Scan: pb.ScanRequest_builder{Pattern: make([]byte, 1025)}.Build()}.Build(), codes.InvalidArgument, "TOOLARGE", "1025 pattern bytes, limit 1024"},
	{"a pattern beside a prefix", pb.Operation_builder{Scan: pb.ScanRequest_builder{Prefix: key, Pattern: key}.Build()}.Build(), codes.InvalidArgument, "INVALID", "pattern: not beside a prefix"},
	{"a foreign cursor", pb.Operation_builder{Scan: pb.ScanRequest_builder{Cursor: []byte("nonsense")}.Build()}.Build(), codes.InvalidArgument, "CURSOR", "invalid cursor"},
	{"a long key", pb.Operation_builder{Get: pb.GetRequest_builder{Key: make([]byte, 70000)}.Build()}.Build(), codes.InvalidArgument, "TOOLARGE", "70000 key bytes, limit 65536"},
	{"random keys in a transaction", txn(pb.Operation_builder{RandomKey: &pb.RandomKeyRequest{}}.Build()), codes.InvalidArgument, "INVALID", "operations[0]: operation: random_key cannot be in a transaction"},
	{"an increment with an id in a transaction", txn(pb.Operation_builder{Incr: pb.IncrRequest_builder{Key: key, Delta: 1, OperationId: []byte("x")}.Build()}.Build()), codes.InvalidArgument, "INVALID", "operations[0]: operation_id: not within a transaction"},
	{"an increment with a long id", pb.Operation_builder{Incr: pb.IncrRequest_builder{Key: key, Delta: 1, OperationId: make([]byte, 65)}.Build()}.Build(), codes.InvalidArgument, "INVALID", "operation_id: 65 bytes, limit 64"},
	{"a retry of nothing", pb.Operation_builder{Incr: pb.IncrRequest_builder{Key: key, Delta: 1, Retry: true}.Build()}.Build(), codes.InvalidArgument, "INVALID", "retry: of an operation without operation_id"},
	{"an empty transaction", pb.Operation_builder{Txn: &pb.TxnRequest{}}.Build(), codes.InvalidArgument, "INVALID", "operations: required"},
	{"a transaction without an operation in it", txn(&pb.Operation{}), codes.InvalidArgument, "INVALID", "operations[0]: operation: required"},
	{"a transaction with a bad operation", txn(incr(key, 1), incr(nil, 1)), codes.InvalidArgument, "INVALID", "operations[1]: key: required"},
	{"a transaction in a transaction", txn(txn()), codes.InvalidArgument, "INVALID", "operations[0]: operation: ping, wait and txn cannot be in a transaction"},
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
	case pb.Operation_Hset_case:
		_, err = kv.HSet(ctx, op.GetHset())
	case pb.Operation_Hdel_case:
		_, err = kv.HDel(ctx, op.GetHdel())
	case pb.Operation_Hget_case:
		_, err = kv.HGet(ctx, op.GetHget())
	case pb.Operation_Zadd_case:
		_, err = kv.ZAdd(ctx, op.GetZadd())
	case pb.Operation_ZrangeByScore_case:
		_, err = kv.ZRangeByScore(ctx, op.GetZrangeByScore())
	case pb.Operation_Copy_case:
		_, err = kv.Copy(ctx, op.GetCopy())
	case pb.Operation_Rename_case:
		_, err = kv.Rename(ctx, op.GetRename())
	case pb.Operation_Lpush_case:
		_, err = kv.LPush(ctx, op.GetLpush())
	case pb.Operation_Lpop_case:
		_, err = kv.LPop(ctx, op.GetLpop())
	case pb.Operation_Lmove_case:
		_, err = kv.LMove(ctx, op.GetLmove())
	case pb.Operation_Lset_case:
		_, err = kv.LSet(ctx, op.GetLset())
	case pb.Operation_Hincr_case:
		_, err = kv.HIncr(ctx, op.GetHincr())
	case pb.Operation_Scan_case:
		_, err = kv.Scan(ctx, op.GetScan())
	case pb.Operation_Scard_case:
		_, err = kv.SCard(ctx, op.GetScard())
	case pb.Operation_Incr_case:
		_, err = kv.Incr(ctx, op.GetIncr())
	case pb.Operation_Expire_case:
		_, err = kv.Expire(ctx, op.GetExpire())
	case pb.Operation_Persist_case:
		_, err = kv.Persist(ctx, op.GetPersist())
	case pb.Operation_Ttl_case:
		_, err = kv.TTL(ctx, op.GetTtl())
	case pb.Operation_Pfadd_case:
		_, err = kv.PFAdd(ctx, op.GetPfadd())
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
	if _, err := a.Digest(ctx, pb.DigestRequest_builder{Namespace: "x y"}.Build()); status.Code(err) != codes.InvalidArgument {
		t.Errorf("digest: %v", err)
	}
}

// TestACallInASession: its trailer has a token, which the next one gives back.
func TestACallInASession(t *testing.T) {
	kv := pb.NewKVClient(connect(t, clienttest.NewServer(t)))
	set := pb.SetRequest_builder{Key: key, Value: []byte("v")}.Build()
	var trailer metadata.MD
	_, err := kv.Set(metadata.AppendToOutgoingContext(t.Context(), "atoll-session", "yes"), set, grpc.Trailer(&trailer))
	check(t, err)
	token := trailer.Get("atoll-token-bin")
	if len(token) != 1 {
		t.Fatalf("trailer %v", trailer)
	}
	after := func(tokens ...string) error {
		ctx := t.Context()
		for _, token := range tokens {
			ctx = metadata.AppendToOutgoingContext(ctx, "atoll-after-bin", token)
		}
		_, err := kv.Get(ctx, pb.GetRequest_builder{Key: key}.Build())
		return err
	}
	check(t, after(token[0]))
	check(t, after(slices.Repeat(token, 16)...))
	if err := after(slices.Repeat(token, 17)...); status.Code(err) != codes.InvalidArgument {
		t.Errorf("17 tokens: %v", err)
	}
	if err := after("nonsense"); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no token: %v", err)
	}
	other := pb.NewKVClient(connect(t, clienttest.NewServer(t)))
	_, err = other.Get(metadata.AppendToOutgoingContext(t.Context(), "atoll-after-bin", token[0]), pb.GetRequest_builder{Key: key}.Build())
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "is not here yet") {
		t.Errorf("a node without it: %v", err)
	}
	_, err = kv.Get(t.Context(), pb.GetRequest_builder{Key: key}.Build(), grpc.Trailer(&trailer))
	if check(t, err); len(trailer.Get("atoll-token-bin")) > 0 {
		t.Error("a token outside of a session")
	}
}
