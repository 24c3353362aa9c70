package client

import (
	"context"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Namespace is a client of one namespace, a set of keys of its own: the same key in two of them is two keys. It has all calls
// of [Client], except that Close does not end it; those that are about nodes are of no namespace.
type Namespace struct{ *Client }

// Namespace returns a client of a namespace, which shares the connection, and the session if there is one. It sends nothing.
// A name is "default", a number from "1" to "15", or 1 to 64 letters, digits, ".", "_" and "-", a letter first; calls in
// any other fail with ErrInvalid. A namespace is there while it has keys: it needs no creation.
func (c *Client) Namespace(name string) Namespace {
	return Namespace{&Client{link: c.link, space: name, seen: c.seen}}
}

// Name returns the name of the namespace.
func (n Namespace) Name() string { return n.space }

// Close does nothing: the client that the namespace belongs to stays open.
func (n Namespace) Close() error { return nil }

// Namespaces returns how many keys each namespace has; those without any are not among them. The first time the node reads all
// keys, later what changed since.
func (c *Client) Namespaces(ctx context.Context) (map[string]Size, error) {
	result, err := c.Do(ctx, pb.Operation_builder{Namespaces: &pb.NamespacesRequest{}}.Build())
	if err != nil {
		return nil, err
	}
	sizes := map[string]Size{}
	for _, x := range result.GetNamespaces().GetNamespaces() {
		sizes[x.GetName()] = Size{x.GetKeys(), x.GetEnding()}
	}
	return sizes, nil
}

// Namespace lets the operations that follow be of another namespace than that of the client. The transaction stays one update.
func (t *Txn) Namespace(name string) *Txn {
	t.space = name
	return t
}

// choose makes an operation that names no namespace one of a namespace.
func choose(op *pb.Operation, space string) {
	if space == "" {
		return
	}
	m := op.ProtoReflect()
	arm := m.WhichOneof(m.Descriptor().Oneofs().ByName("op"))
	if arm == nil {
		return
	}
	request := m.Mutable(arm).Message()
	if f := request.Descriptor().Fields().ByName("namespace"); f != nil && !request.Has(f) {
		request.Set(f, protoreflect.ValueOfString(space))
	}
}
