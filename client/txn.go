package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Txn gathers operations that happen as one update: all or none, and visible as a whole
// in every region. It is not safe for use by several goroutines.
type Txn struct {
	c     *Client
	space string // of the operations that follow; empty is that of the client
	ops   []*pb.Operation
}

// Txn begins a transaction. Nothing is sent before Commit.
func (c *Client) Txn() *Txn { return &Txn{c: c} }

func (t *Txn) add(op *pb.Operation) *Txn {
	choose(op, t.space)
	t.ops = append(t.ops, op)
	return t
}

// Get reads a string, with the effect of the operations before it. Result: Found, Value.
func (t *Txn) Get(key string) *Txn { return t.add(opGet([]byte(key))) }

// Set writes a string; it ends when end says, and without it not.
func (t *Txn) Set(key string, value []byte, end ...Lifetime) *Txn {
	return t.add(opSet([]byte(key), value, end))
}

// Expire lets a key end. Result: Found, whether it exists.
func (t *Txn) Expire(key string, end Lifetime) *Txn { return t.add(opExpire([]byte(key), end, nil)) }

// Persist takes the deadline of a key away. Result: Found, whether there was one.
func (t *Txn) Persist(key string) *Txn { return t.add(opPersist([]byte(key))) }

// Incr adds delta to a counter. Result: Int, the value after it.
func (t *Txn) Incr(key string, delta int64) *Txn { return t.add(opIncr([]byte(key), delta)) }

// Delete removes keys. Result: Int, how many existed.
func (t *Txn) Delete(keys ...string) *Txn { return t.add(opDelete(keys)) }

// SAdd adds members to a set. Result: Int, how many were not there before.
func (t *Txn) SAdd(key string, members ...string) *Txn { return t.add(opSAdd([]byte(key), members)) }

// SRem removes members from a set. Result: Int, how many were there.
func (t *Txn) SRem(key string, members ...string) *Txn { return t.add(opSRem([]byte(key), members)) }

// HExpire lets fields of a hash end. Result: Int, how many of them exist.
func (t *Txn) HExpire(key string, end Lifetime, fields ...string) *Txn {
	return t.add(opHExpire([]byte(key), fields, end, nil))
}

// HSetEx writes fields of a hash that end.
func (t *Txn) HSetEx(key string, fields map[string][]byte, end Lifetime) *Txn {
	return t.add(opHSetEx([]byte(key), fields, end, nil))
}

// HSet writes a field of a hash. Result: Int, 1 if it was not there before.
func (t *Txn) HSet(key, field string, value []byte) *Txn {
	return t.add(opHSet([]byte(key), map[string][]byte{field: value}))
}

// HIncr adds delta to the number in a field of a hash. Result: Int, the value after it.
func (t *Txn) HIncr(key, field string, delta int64) *Txn {
	return t.add(opHIncr([]byte(key), field, delta))
}

// HDel deletes fields of a hash. Result: Int, how many were there.
func (t *Txn) HDel(key string, fields ...string) *Txn { return t.add(opHDel([]byte(key), fields)) }

// ZAdd gives a member of a sorted set its score. Result: Int, 1 if it was not there before.
func (t *Txn) ZAdd(key, member string, score float64) *Txn {
	return t.add(opZAdd([]byte(key), []Scored{{member, score}}))
}

// BIncr adds n to a bounded counter. Result: Int, the value after it.
func (t *Txn) BIncr(key string, n int64) *Txn { return t.add(opBIncr([]byte(key), n)) }

// BDecr takes n from a bounded counter; without the rights to it nothing of the transaction is done, and nobody is
// asked for any. Result: Int, the value after it.
func (t *Txn) BDecr(key string, n int64) *Txn { return t.add(opBDecr([]byte(key), n)) }

// PFAdd adds elements to a HyperLogLog. Result: Found, whether its estimate may have changed.
func (t *Txn) PFAdd(key string, elements ...string) *Txn {
	return t.add(opPFAdd([]byte(key), elements))
}

// SetBit sets a bit of a string. Result: Found, whether it was set before.
func (t *Txn) SetBit(key string, offset uint64, set bool) *Txn {
	return t.add(opSetBit([]byte(key), offset, set))
}

// GeoAdd gives a member of a sorted set its place. Result: Int, 1 if it was not there before.
func (t *Txn) GeoAdd(key, member string, at Point) *Txn {
	return t.add(opGeoAdd([]byte(key), []Place{{member, at}}))
}

// ZIncr adds delta to the score of a member of a sorted set. Result: Score, the score after it.
func (t *Txn) ZIncr(key, member string, delta float64) *Txn {
	return t.add(opZIncr([]byte(key), member, delta))
}

// ZRem removes members from a sorted set. Result: Int, how many were there.
func (t *Txn) ZRem(key string, members ...string) *Txn { return t.add(opZRem([]byte(key), members)) }

// PushFront puts values before a list, one after the other. Result: Int, how many elements it has then.
func (t *Txn) PushFront(key string, values ...string) *Txn {
	return t.add(opLPush([]byte(key), values, false))
}

// PushBack puts values behind a list, one after the other. Result: Int, how many elements it has then.
func (t *Txn) PushBack(key string, values ...string) *Txn {
	return t.add(opLPush([]byte(key), values, true))
}

// Move is List.Move. Result: Found and Value.
func (t *Txn) Move(key string, from End, into string, to End) *Txn {
	return t.add(opLMove([]byte(key), from, []byte(into), to))
}

// XAdd is [Stream.AddEntry]. Result: ID; Found false if there is no stream and none is to be made.
func (t *Txn) XAdd(key string, e NewEntry) *Txn { return t.add(opXAdd([]byte(key), e)) }

// Command is [Client.Command]. Result: Reply.
func (t *Txn) Command(name string, arguments ...string) *Txn {
	return t.add(opCommand(name, arguments))
}

// Len returns the number of operations so far.
func (t *Txn) Len() int { return len(t.ops) }

// Result is what one operation of a transaction returned; its method says which fields.
type Result struct {
	Found bool
	Value []byte
	Int   int64
	Score float64
	// ID is that of an entry of a stream.
	ID StreamID
	// Reply is that of a Command.
	Reply any
}

// Commit runs the operations and returns one result for each, in order. After an error
// none of them happened, except with ErrUnknown. An empty transaction is ErrInvalid.
func (t *Txn) Commit(ctx context.Context) ([]Result, error) {
	request := pb.TxnRequest_builder{Operations: t.ops}.Build()
	done, err := t.c.Do(ctx, pb.Operation_builder{Txn: request}.Build())
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(t.ops))
	for i, r := range done.GetTxn().GetResults() {
		results[i] = resultOf(r)
	}
	return results, nil
}

func resultOf(r *pb.Result) Result {
	switch r.WhichResult() {
	case pb.Result_Get_case:
		return Result{Found: r.GetGet().GetFound(), Value: r.GetGet().GetValue()}
	case pb.Result_Delete_case:
		return Result{Int: r.GetDelete().GetDeleted()}
	case pb.Result_Incr_case:
		return Result{Int: r.GetIncr().GetValue()}
	case pb.Result_Bincr_case:
		return Result{Int: r.GetBincr().GetValue()}
	case pb.Result_Bdecr_case:
		return Result{Int: r.GetBdecr().GetValue()}
	case pb.Result_Sadd_case:
		return Result{Int: r.GetSadd().GetAdded()}
	case pb.Result_Srem_case:
		return Result{Int: r.GetSrem().GetRemoved()}
	case pb.Result_Hset_case:
		return Result{Int: r.GetHset().GetAdded()}
	case pb.Result_Hincr_case:
		return Result{Int: r.GetHincr().GetValue()}
	case pb.Result_Expire_case:
		return Result{Found: r.GetExpire().GetSet()}
	case pb.Result_Hexpire_case:
		return Result{Int: int64(len(changed(make([]string, len(r.GetHexpire().GetFields())), r.GetHexpire().GetFields())))}
	case pb.Result_Hsetex_case:
		return Result{Found: r.GetHsetex().GetSet()}
	case pb.Result_Persist_case:
		return Result{Found: r.GetPersist().GetPersisted()}
	case pb.Result_Hdel_case:
		return Result{Int: r.GetHdel().GetDeleted()}
	case pb.Result_Command_case:
		return Result{Reply: replyOf(r.GetCommand().GetValue())}
	case pb.Result_Pfadd_case:
		return Result{Found: r.GetPfadd().GetChanged()}
	case pb.Result_Setbit_case:
		return Result{Found: r.GetSetbit().GetWasSet()}
	case pb.Result_Geoadd_case:
		return Result{Int: r.GetGeoadd().GetAdded()}
	case pb.Result_Zadd_case:
		return Result{Int: r.GetZadd().GetAdded()}
	case pb.Result_Zincr_case:
		return Result{Score: r.GetZincr().GetScore()}
	case pb.Result_Zrem_case:
		return Result{Int: r.GetZrem().GetRemoved()}
	case pb.Result_Lpush_case:
		return Result{Int: r.GetLpush().GetLength()}
	case pb.Result_Xadd_case:
		return Result{Found: r.GetXadd().GetAdded(), ID: streamIDFrom(r.GetXadd().GetId())}
	case pb.Result_Lmove_case:
		return Result{Found: r.GetLmove().GetFound(), Value: r.GetLmove().GetValue()}
	default:
		return Result{}
	}
}
