package client

import (
	"context"

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
