package main

import "context"

// runToken prints what the node has shown up to now.
func runToken(ctx context.Context, s *session, _ []string) reply {
	node, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
	defer cancel()
	here := node.Session()
	if _, err := here.Ping(ctx); err != nil {
		return errReply{explain(err)}
	}
	return bytesReply(here.Token())
}

// runAfter waits until the node shows all that a token covers.
func runAfter(ctx context.Context, s *session, args []string) reply {
	node, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
	defer cancel()
	there, err := node.Resume(args[0])
	if err == nil {
		_, err = there.Ping(ctx)
	}
	if err != nil {
		return errReply{explain(err)}
	}
	return okReply{}
}
