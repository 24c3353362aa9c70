package client

import (
	"context"
	"errors"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Type names what a key holds: "string", "set", "hash", "zset", "list", "hyperloglog" and so on. Error: ErrNotFound.
func (c *Client) Type(ctx context.Context, key string) (string, error) {
	request := pb.TypesRequest_builder{Keys: [][]byte{[]byte(key)}}.Build()
	result, err := c.Do(ctx, pb.Operation_builder{Types: request}.Build())
	if err != nil {
		return "", err
	}
	for _, name := range result.GetTypes().GetTypes() {
		if name != "none" {
			return name, nil
		}
	}
	return "", notFound([]byte(key))
}

// Size is how many keys there are.
type Size struct {
	// Keys counts a key whose time is over until it is deleted.
	Keys int64
	// Ending is how many of them have a deadline.
	Ending int64
}

// Size counts the keys. The first time the node reads all of them, later what changed since: about a
// microsecond a key.
func (c *Client) Size(ctx context.Context) (Size, error) {
	result, err := c.Do(ctx, pb.Operation_builder{Dbsize: &pb.DBSizeRequest{}}.Build())
	if err != nil {
		return Size{}, err
	}
	return Size{result.GetDbsize().GetKeys(), result.GetDbsize().GetEnding()}, nil
}

// RandomKey returns some key, one of the 256 that follow a random place in the store. Error: ErrNotFound
// when there is none.
func (c *Client) RandomKey(ctx context.Context) (string, error) {
	result, err := c.Do(ctx, pb.Operation_builder{RandomKey: &pb.RandomKeyRequest{}}.Build())
	switch {
	case err != nil:
		return "", err
	case !result.GetRandomKey().GetFound():
		return "", &Error{Code: codeNotFound, Message: "there is no key"}
	}
	return string(result.GetRandomKey().GetKey()), nil
}

// deletedAtOnce is how many keys one update of DeleteAll deletes.
const deletedAtOnce = 1000

// DeleteAll deletes all keys that the node sees, in every region, in updates of at most 1,000, and returns
// how many. Other clients see it in between; keys that are written meanwhile may stay, and an update that is
// on its way to the node survives. After an error a part may be gone; again removes the rest.
func (c *Client) DeleteAll(ctx context.Context) (n int64, err error) {
	var cursor []byte
	for {
		request := pb.ScanRequest_builder{Limit: deletedAtOnce, Cursor: cursor}.Build()
		result, err := c.Do(ctx, pb.Operation_builder{Scan: request}.Build())
		if err != nil {
			return n, err
		}
		deleted, err := c.deleteKeys(ctx, result.GetScan().GetKeys())
		if n += deleted; err != nil {
			return n, err
		}
		if cursor = result.GetScan().GetCursor(); len(cursor) == 0 {
			return n, nil
		}
	}
}

// deleteKeys deletes keys in smaller updates where one would be too large: long keys, or hashes, whose
// deletion names their counters.
func (c *Client) deleteKeys(ctx context.Context, keys [][]byte) (int64, error) {
	if len(keys) == 0 {
		return 0, nil
	}
	request := pb.DeleteRequest_builder{Keys: keys}.Build()
	result, err := c.Do(ctx, pb.Operation_builder{Delete: request}.Build())
	if len(keys) == 1 || !errors.Is(err, ErrTooLarge) {
		return result.GetDelete().GetDeleted(), err
	}
	half := len(keys) / 2
	n, err := c.deleteKeys(ctx, keys[:half])
	if err != nil {
		return n, err
	}
	more, err := c.deleteKeys(ctx, keys[half:])
	return n + more, err
}
