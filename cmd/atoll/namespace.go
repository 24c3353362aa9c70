package main

import (
	"context"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/internal/namespace"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// here returns the client of the namespace that was chosen. The session must be connected.
func (s *session) here() *client.Client {
	if s.opts.namespace == namespace.DefaultText {
		return s.node
	}
	return s.node.Namespace(s.opts.namespace).Client
}

func setNamespace(o *options, value string) *failure {
	n, err := namespace.Parse(value)
	if err != nil {
		return usagef("--namespace: %v", err)
	}
	o.namespace = n.String()
	return nil
}

func namespaceCommands() []*command {
	return []*command{
		{name: "namespaces", group: groupKeys, summary: "list the namespaces that have keys, and how many; to choose one: atoll --namespace NAME, or select", example: "namespaces",
			op: func([][]byte) (*pb.Operation, error) {
				return pb.Operation_builder{Namespaces: &pb.NamespacesRequest{}}.Build(), nil
			},
			answer: namespacesReply},
		{name: "select", args: "N|NAME", min: 1, max: 1, group: groupKeys, where: onlyShell,
			summary: "choose a namespace for what follows, by its number, 0 to 15, or its name", example: "select orders", run: runSelect},
	}
}

func namespacesReply(r *pb.Result) reply {
	text, doc := table{}, []any{}
	for _, x := range r.GetNamespaces().GetNamespaces() {
		text.add(x.GetName(), count(uint64(x.GetKeys()), "key"))
		doc = append(doc, map[string]any{"namespace": x.GetName(), "keys": x.GetKeys(), "ending": x.GetEnding()})
	}
	return pageReply{page: text.String(), doc: doc}
}

func runSelect(_ context.Context, s *session, args []string) reply {
	if f := setNamespace(s.opts, args[0]); f != nil {
		f.Message = "select: " + f.Message[len("--namespace: "):]
		return errReply{f}
	}
	return okReply{}
}
