package client

import (
	"context"
	"fmt"
	"iter"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Delete removes keys of any type and returns how many existed.
func (c *Client) Delete(ctx context.Context, keys ...string) (int64, error) {
	result, err := c.Do(ctx, opDelete(keys))
	if err != nil {
		return 0, err
	}
	return result.GetDelete().GetDeleted(), nil
}

// Rename gives a key another name, as one update. It replaces what the node has seen there.
// What other regions write concurrently under the old name stays there. Error: ErrNotFound.
func (c *Client) Rename(ctx context.Context, key, to string) error {
	_, err := c.Do(ctx, opRename(key, to, false))
	return err
}

// RenameIfFree is Rename where the node sees nothing under the new name; it tells whether that
// was so. Another region may do the same concurrently. Error: ErrNotFound.
func (c *Client) RenameIfFree(ctx context.Context, key, to string) (bool, error) {
	result, err := c.Do(ctx, opRename(key, to, true))
	if err != nil {
		return false, err
	}
	return result.GetRename().GetRenamed(), nil
}

// Copy writes what the node sees under a key under another one, as one update, and tells
// whether there was something. It replaces what the node has seen there.
func (c *Client) Copy(ctx context.Context, key, to string) (bool, error) {
	return c.copy(ctx, key, to, true)
}

// CopyIfFree is Copy where the node sees nothing under the other key; it tells whether it copied.
func (c *Client) CopyIfFree(ctx context.Context, key, to string) (bool, error) {
	return c.copy(ctx, key, to, false)
}

func (c *Client) copy(ctx context.Context, key, to string, replace bool) (bool, error) {
	request := pb.CopyRequest_builder{Key: []byte(key), To: []byte(to), Replace: replace}.Build()
	result, err := c.Do(ctx, pb.Operation_builder{Copy: request}.Build())
	if err != nil {
		return false, err
	}
	return result.GetCopy().GetCopied(), nil
}

// Exists returns how many of the keys exist; one named twice counts twice.
func (c *Client) Exists(ctx context.Context, keys ...string) (int64, error) {
	request := pb.ExistsRequest_builder{Keys: bytesOf(keys)}.Build()
	result, err := c.Do(ctx, pb.Operation_builder{Exists: request}.Build())
	if err != nil {
		return 0, err
	}
	return result.GetExists().GetCount(), nil
}

// Scan lists the keys that begin with prefix, in no particular order, a page at a time. A
// key that exists during the whole scan is listed exactly once. An error comes last, with
// no key.
func (c *Client) Scan(ctx context.Context, prefix string) iter.Seq2[[]byte, error] {
	return c.scan(ctx, pb.ScanRequest_builder{Prefix: []byte(prefix)})
}

// ScanMatching is Scan of the keys that match a pattern: * is any bytes, ? any one, [a-c] one of
// some, [^a] none of them, \ takes the next one as it is. The node looks at all keys that begin as
// the pattern does.
func (c *Client) ScanMatching(ctx context.Context, pattern string) iter.Seq2[[]byte, error] {
	return c.scan(ctx, pb.ScanRequest_builder{Pattern: []byte(pattern)})
}

func (c *Client) scan(ctx context.Context, request pb.ScanRequest_builder) iter.Seq2[[]byte, error] {
	return pages(func(cursor []byte) ([][]byte, []byte, error) {
		request.Cursor = cursor
		result, err := c.Do(ctx, pb.Operation_builder{Scan: request.Build()}.Build())
		return result.GetScan().GetKeys(), result.GetScan().GetCursor(), err
	})
}

func opGet(key []byte) *pb.Operation {
	return pb.Operation_builder{Get: pb.GetRequest_builder{Key: key}.Build()}.Build()
}

func opSet(key, value []byte, end []Lifetime) *pb.Operation {
	return pb.Operation_builder{Set: pb.SetRequest_builder{Key: key, Value: value, Lifetime: lifetimeOf(end)}.Build()}.Build()
}

func opDelete(keys []string) *pb.Operation {
	return pb.Operation_builder{Delete: pb.DeleteRequest_builder{Keys: bytesOf(keys)}.Build()}.Build()
}

func opRename(key, to string, ifFree bool) *pb.Operation {
	return pb.Operation_builder{Rename: pb.RenameRequest_builder{Key: []byte(key), To: []byte(to), IfFree: ifFree}.Build()}.Build()
}

func opIncr(key []byte, delta int64) *pb.Operation {
	return pb.Operation_builder{Incr: pb.IncrRequest_builder{Key: key, Delta: delta}.Build()}.Build()
}

func opSAdd(key []byte, members []string) *pb.Operation {
	return pb.Operation_builder{Sadd: pb.SAddRequest_builder{Key: key, Members: bytesOf(members)}.Build()}.Build()
}

func opSRem(key []byte, members []string) *pb.Operation {
	return pb.Operation_builder{Srem: pb.SRemRequest_builder{Key: key, Members: bytesOf(members)}.Build()}.Build()
}

func bytesOf(list []string) [][]byte {
	b := make([][]byte, len(list))
	for i, s := range list {
		b[i] = []byte(s)
	}
	return b
}

func notFound(key []byte) error {
	return &Error{Code: codeNotFound, Message: fmt.Sprintf("no value under %.128q", key)}
}
