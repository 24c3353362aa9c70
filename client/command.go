package client

import (
	"context"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Command runs a command as it is worded in the Redis protocol, for what has no method of its own yet:
//
//	db.Command(ctx, "SINTER", "tags:1", "tags:2")
//
// It takes what docs/redis.md lists, but for commands about the connection or the node. Those that wait, as BLPOP, have
// no timeout but their own and the context's. The reply is nil where there is nothing, an int64, a float64, a string, or a []any of replies; a map is a []any of
// its keys and values in turn. A call that failed is not tried again: it may have been a write. Errors:
// ErrInvalid for what is no such command, or has wrong arguments; else as of the methods.
func (c *Client) Command(ctx context.Context, name string, arguments ...string) (any, error) {
	result, err := c.Do(ctx, opCommand(name, arguments))
	if err != nil {
		return nil, err
	}
	return replyOf(result.GetCommand().GetValue()), nil
}

func opCommand(name string, arguments []string) *pb.Operation {
	words := append([][]byte{[]byte(name)}, bytesOf(arguments)...)
	return pb.Operation_builder{Command: pb.CommandRequest_builder{Arguments: words}.Build()}.Build()
}

func replyOf(v *pb.Value) any {
	switch v.WhichKind() {
	case pb.Value_Integer_case:
		return v.GetInteger()
	case pb.Value_Text_case:
		return string(v.GetText())
	case pb.Value_Status_case:
		return v.GetStatus()
	case pb.Value_Number_case:
		return v.GetNumber()
	case pb.Value_List_case:
		return repliesOf(v.GetList())
	case pb.Value_Map_case:
		return repliesOf(v.GetMap())
	default:
		return nil
	}
}

func repliesOf(list *pb.ValueList) []any {
	replies := make([]any, len(list.GetValues()))
	for i, v := range list.GetValues() {
		replies[i] = replyOf(v)
	}
	return replies
}
