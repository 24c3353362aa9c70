package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// watchEvery is how often a transfer is looked at.
const watchEvery = 200 * time.Millisecond

// transferCommands look at how a node catches up by state.
func transferCommands() []*command {
	return []*command{
		{name: "transfer", group: groupCluster, max: 1, args: "[watch]",
			summary: "show how the node takes over the state of a peer; watch shows a progress bar until it is done",
			example: "transfer watch", run: runTransfer},
	}
}

func runTransfer(ctx context.Context, s *session, args []string) reply {
	if len(args) == 1 && args[0] != "watch" {
		return errReply{usagef("transfer %s is unknown%s", clip(args[0]), didYouMean(args[0], []string{"watch"})).hint("use: transfer [watch]")}
	}
	conn, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ask := func() (*pb.TransferStatusResponse, error) {
		ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
		defer cancel()
		return pb.NewTransferAdminClient(conn.Conn()).TransferStatus(ctx, &pb.TransferStatusRequest{})
	}
	st, err := ask()
	if err == nil && len(args) == 1 {
		st, err = watchTransfer(ctx, s, st, ask)
	}
	if err != nil {
		return errReply{explain(err)}
	}
	return pageReply{page: transferPage(st), doc: transferDocument(st)}
}

// watchTransfer shows progress until nothing is left to take over.
func watchTransfer(ctx context.Context, s *session, st *pb.TransferStatusResponse, ask func() (*pb.TransferStatusResponse, error)) (*pb.TransferStatusResponse, error) {
	b := newBar(s, func(n uint64) string { return count(n, "cell") })
	defer b.end()
	for st.GetState() != "idle" {
		if st.GetState() == "running" {
			b.tail = transferPace(st)
			b.set("from "+st.GetDonor(), st.GetCellsDone(), st.GetCellsTotal())
		} else {
			b.set(transferWait(st), 0, 0)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(watchEvery):
		}
		next, err := ask()
		if err != nil {
			return nil, err
		}
		if st = next; st.GetState() == "idle" && b.total > 0 {
			b.done, b.tail = b.total, "" // the last picture is of the end
		}
	}
	return st, nil
}

// transferPace tells rate and time left, as the node measures them.
func transferPace(st *pb.TransferStatusResponse) string {
	text := fmt.Sprintf("%s, %.0f/s, %s/s", size(st.GetBytesReceived()), st.GetCellsPerSecond(), size(uint64(st.GetBytesPerSecond())))
	if st.GetLeftMs() > 0 {
		text += ", " + period(st.GetLeftMs()) + " left"
	}
	return text
}

// transferWait says what a node that has no donor waits for.
func transferWait(st *pb.TransferStatusResponse) string {
	text := "loading: waits for a peer to take over the data from"
	if st.GetState() == "interrupted" {
		text = fmt.Sprintf("interrupted at %.0f %%: waits for a peer to go on with", 100*st.GetDone())
	}
	if st.GetLastError() != "" {
		text += " (" + clip(st.GetLastError()) + ")"
	}
	return text
}

func transferPage(st *pb.TransferStatusResponse) string {
	var out strings.Builder
	out.WriteString(nodeName(st.GetRegion(), st.GetNode()) + ": " + transferLine(st) + "\n")
	for _, s := range st.GetServed() {
		fmt.Fprintf(&out, "gives its state to %s: %s, %s in %s\n", s.GetPeer(), count(s.GetCellsSent(), "cell"), size(s.GetBytesSent()), period(s.GetTookMs()))
	}
	return out.String()
}

// statusTransfer puts what is being taken over, and given, below the first line of a page.
func statusTransfer(page string, st *pb.TransferStatusResponse) string {
	if st.GetState() == "idle" && len(st.GetServed()) == 0 {
		return page
	}
	first, rest, _ := strings.Cut(page, "\n")
	_, news, _ := strings.Cut(transferPage(st), ": ")
	return first + "\n" + news + rest
}

// transferLine is the state in one line.
func transferLine(st *pb.TransferStatusResponse) string {
	switch {
	case st.GetState() == "running":
		return fmt.Sprintf("takes over state from %s: %.0f %%, %s of about %d, %s", st.GetDonor(), 100*st.GetDone(), count(st.GetCellsDone(), "cell"), st.GetCellsTotal(), transferPace(st))
	case st.GetState() != "idle":
		return transferWait(st)
	case st.GetEnded() > 0:
		return fmt.Sprintf("has all state; the last transfer brought %s from %s in %s", count(st.GetCellsDone(), "cell"), st.GetDonor(), period(st.GetTookMs()))
	}
	return "has all state; no transfer since the start"
}

func transferDocument(st *pb.TransferStatusResponse) object {
	served := []object{}
	for _, s := range st.GetServed() {
		served = append(served, object{"peer": s.GetPeer(), "cells_sent": s.GetCellsSent(), "bytes_sent": s.GetBytesSent(), "took_ms": s.GetTookMs()})
	}
	return object{
		"region": st.GetRegion(), "node": st.GetNode(), "state": st.GetState(), "loading": st.GetLoading(), "donor": st.GetDonor(),
		"donor_address": st.GetDonorAddress(), "done": st.GetDone(), "cells_done": st.GetCellsDone(), "cells_total": st.GetCellsTotal(),
		"bytes_received": st.GetBytesReceived(), "cells_per_second": st.GetCellsPerSecond(), "bytes_per_second": st.GetBytesPerSecond(),
		"left_ms": st.GetLeftMs(), "took_ms": st.GetTookMs(), "begun": st.GetBegun(), "ended": st.GetEnded(), "failed": st.GetFailed(),
		"last_error": st.GetLastError(), "served": served,
	}
}
