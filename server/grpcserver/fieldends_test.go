package grpcserver_test

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/atollkv/atoll/client/clienttest"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

func namesOf(list ...string) (out [][]byte) {
	for _, x := range list {
		out = append(out, []byte(x))
	}
	return out
}

// What is told of each field: whether it was there, had a deadline, and what became of that.
func TestRepliesAboutDeadlinesOfFields(t *testing.T) {
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, clienttest.NewServer(t)))
	const late = 4102444800000
	var pairs []*pb.FieldValue
	for _, f := range []string{"a", "b", "c", "d"} {
		pairs = append(pairs, pb.FieldValue_builder{Field: []byte(f), Value: []byte(f)}.Build())
	}
	set, err := kv.HSetEx(ctx, pb.HSetExRequest_builder{Key: key, Fields: pairs[:2], Lifetime: endsAt(late), IfAbsent: true}.Build())
	check(t, err)
	again, err := kv.HSetEx(ctx, pb.HSetExRequest_builder{Key: key, Fields: pairs, Lifetime: endsAt(late), IfPresent: true}.Build())
	check(t, err)
	_, err = kv.HSet(ctx, pb.HSetRequest_builder{Key: key, Fields: pairs[2:]}.Build())
	check(t, err)
	if !set.GetSet() || again.GetSet() {
		t.Errorf("set %v, and where some are absent %v", set, again)
	}
	expire := func(q pb.HExpireRequest_builder) string {
		q.Key = key
		r, err := kv.HExpire(ctx, q.Build())
		check(t, err)
		return fmt.Sprint(r.GetFields())
	}
	all := namesOf("a", "c", "none")
	persisted, err := kv.HPersist(ctx, pb.HPersistRequest_builder{Key: key, Fields: namesOf("b", "c", "none")}.Build())
	check(t, err)
	for want, got := range map[string]string{
		"[FIELD_DEADLINE_UNCHANGED FIELD_DEADLINE_SET FIELD_DEADLINE_NO_FIELD]": expire(pb.HExpireRequest_builder{Fields: all, Lifetime: endsAt(late), IfNone: true}),
		"[FIELD_DEADLINE_SET FIELD_DEADLINE_NONE FIELD_DEADLINE_NO_FIELD]":      fmt.Sprint(persisted.GetFields()),
		"[FIELD_DEADLINE_DELETED]": expire(pb.HExpireRequest_builder{Fields: namesOf("d"), Lifetime: endsAt(0)}),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	left, err := kv.HTTL(ctx, pb.HTTLRequest_builder{Key: key, Fields: namesOf("a", "b", "none")}.Build())
	check(t, err)
	if x := left.GetFields(); len(x) != 3 || !x[0].GetEnds() || x[0].GetLeftMs() < 1 || !x[1].GetFound() || x[1].GetEnds() || x[2].GetFound() {
		t.Errorf("left: %v", x)
	}
	got, err := kv.HGetEx(ctx, pb.HGetExRequest_builder{Key: key, Fields: namesOf("a", "none"), Persist: true}.Build())
	check(t, err)
	gone, err := kv.HGetDel(ctx, pb.HGetDelRequest_builder{Key: key, Fields: namesOf("a", "a", "none")}.Build())
	check(t, err)
	if x := got.GetValues(); len(x) != 2 || string(x[0].GetValue()) != "a" || x[1].GetFound() {
		t.Errorf("got %v", x)
	}
	if x := gone.GetValues(); len(x) != 3 || string(x[0].GetValue()) != "a" || x[1].GetFound() || x[2].GetFound() {
		t.Errorf("deleted %v", x)
	}
}

func TestBadRequestsAboutDeadlinesOfFields(t *testing.T) {
	ctx, kv := t.Context(), pb.NewKVClient(connect(t, clienttest.NewServer(t)))
	_, err := kv.Set(ctx, pb.SetRequest_builder{Key: []byte("text"), Value: []byte("v")}.Build())
	check(t, err)
	f, pairs, text := namesOf("f"), []*pb.FieldValue{pb.FieldValue_builder{Field: []byte("f")}.Build()}, []byte("text")
	yes := true
	asBefore := pb.Lifetime_builder{AsBefore: &yes}.Build()
	expire := func(q pb.HExpireRequest_builder) func() error {
		return func() error { _, err := kv.HExpire(ctx, q.Build()); return err }
	}
	getEx := func(q pb.HGetExRequest_builder) func() error {
		return func() error { _, err := kv.HGetEx(ctx, q.Build()); return err }
	}
	setEx := func(q pb.HSetExRequest_builder) func() error {
		return func() error { _, err := kv.HSetEx(ctx, q.Build()); return err }
	}
	for _, c := range []struct {
		message string
		call    func() error
	}{
		{"lifetime: in_ms or at_ms: required", expire(pb.HExpireRequest_builder{Key: key, Fields: f})},
		{"lifetime: in_ms or at_ms: required", expire(pb.HExpireRequest_builder{Key: key, Fields: f, Lifetime: asBefore})},
		{"lifetime: in_ms or at_ms: required", getEx(pb.HGetExRequest_builder{Key: key, Fields: f, Lifetime: &pb.Lifetime{}})},
		{"invalid expire time, must be >= 0", expire(pb.HExpireRequest_builder{Key: key, Fields: f, Lifetime: endsAt(-1)})},
		{"invalid expire time, must be >= 0", setEx(pb.HSetExRequest_builder{Key: key, Fields: pairs, Lifetime: endsAt(-1)})},
		{"invalid expire time", getEx(pb.HGetExRequest_builder{Key: key, Fields: f, Lifetime: endsAt(1 << 46)})},
		{"invalid expire time", setEx(pb.HSetExRequest_builder{Key: key, Fields: pairs, Lifetime: endsAt(1 << 46)})},
		{"key: required", expire(pb.HExpireRequest_builder{Fields: f, Lifetime: endsAt(1)})},
		{"fields: required", expire(pb.HExpireRequest_builder{Key: key, Lifetime: endsAt(1)})},
		{"fields: required", getEx(pb.HGetExRequest_builder{Key: key})},
		{"fields: required", setEx(pb.HSetExRequest_builder{Key: key})},
		{"persist: not with a lifetime", getEx(pb.HGetExRequest_builder{Key: key, Fields: f, Lifetime: endsAt(1), Persist: true})},
		{"if_present: not with if_absent", setEx(pb.HSetExRequest_builder{Key: key, Fields: pairs, IfAbsent: true, IfPresent: true})},
		{"fields: required", func() error { _, err := kv.HPersist(ctx, pb.HPersistRequest_builder{Key: key}.Build()); return err }},
		{"fields: required", func() error { _, err := kv.HTTL(ctx, pb.HTTLRequest_builder{Key: key}.Build()); return err }},
		{"fields: required", func() error { _, err := kv.HGetDel(ctx, pb.HGetDelRequest_builder{Key: key}.Build()); return err }},
	} {
		if st := status.Convert(c.call()); st.Code() != codes.InvalidArgument || st.Message() != c.message {
			t.Errorf("%v %q, want %q", st.Code(), st.Message(), c.message)
		}
	}
	for name, call := range map[string]func() error{
		"HEXPIRE": expire(pb.HExpireRequest_builder{Key: text, Fields: f, Lifetime: endsAt(1)}), "HGETEX": getEx(pb.HGetExRequest_builder{Key: text, Fields: f}),
		"HSETEX": setEx(pb.HSetExRequest_builder{Key: text, Fields: pairs}),
	} {
		if st := status.Convert(call()); st.Code() != codes.FailedPrecondition {
			t.Errorf("%s of a string: %v", name, st)
		}
	}
}
