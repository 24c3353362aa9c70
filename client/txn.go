package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Txn gathers operations that happen as one update: all or none, and visible as a whole
// in every region. It is not safe for use by several goroutines.
type Txn struct {
	c   *Client
	ops []*pb.Operation
}

// Txn begins a transaction. Nothing is sent before Commit.
func (c *Client) Txn() *Txn { return &Txn{c: c} }

func (t *Txn) add(op *pb.Operation) *Txn {
	t.ops = append(t.ops, op)
	return t
}

// Get reads a string, with the effect of the operations before it. Result: Found, Value.
func (t *Txn) Get(key string) *Txn { return t.add(opGet([]byte(key))) }

// Set writes a string.
func (t *Txn) Set(key string, value []byte) *Txn { return t.add(opSet([]byte(key), value)) }

// Incr adds delta to a counter. Result: Int, the value after it.
func (t *Txn) Incr(key string, delta int64) *Txn { return t.add(opIncr([]byte(key), delta)) }

// Delete removes keys. Result: Int, how many existed.
func (t *Txn) Delete(keys ...string) *Txn { return t.add(opDelete(keys)) }

// SAdd adds members to a set. Result: Int, how many were not there before.
func (t *Txn) SAdd(key string, members ...string) *Txn { return t.add(opSAdd([]byte(key), members)) }

// SRem removes members from a set. Result: Int, how many were there.
func (t *Txn) SRem(key string, members ...string) *Txn { return t.add(opSRem([]byte(key), members)) }

// Len returns the number of operations so far.
func (t *Txn) Len() int { return len(t.ops) }

// Result is what one operation of a transaction returned; its method says which fields.
type Result struct {
	Found bool
	Value []byte
	Int   int64
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
	case pb.Result_Sadd_case:
		return Result{Int: r.GetSadd().GetAdded()}
	case pb.Result_Srem_case:
		return Result{Int: r.GetSrem().GetRemoved()}
	default:
		return Result{}
	}
}
