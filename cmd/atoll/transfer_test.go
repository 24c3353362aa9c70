package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

func running(done, total uint64) *pb.TransferStatusResponse {
	return pb.TransferStatusResponse_builder{
		Region: "eu", Node: "n1", State: "running", Donor: "us/n1", Done: float64(done) / float64(total), CellsDone: done, CellsTotal: total,
		BytesReceived: 3 << 20, CellsPerSecond: 1500, BytesPerSecond: 1 << 20, LeftMs: 61000,
	}.Build()
}

// TestWatchingATransfer: one line for each thing that it waits for, and the end.
func TestWatchingATransfer(t *testing.T) {
	idle := pb.TransferStatusResponse_builder{Region: "eu", Node: "n1", State: "idle", Donor: "us/n1", CellsDone: 400, Ended: 1, TookMs: 2500}.Build()
	states := []*pb.TransferStatusResponse{
		running(100, 400),
		pb.TransferStatusResponse_builder{State: "interrupted", Done: 0.25, LastError: "connection lost"}.Build(),
		running(300, 400), idle,
	}
	var out bytes.Buffer
	s := &session{err: &out}
	first := pb.TransferStatusResponse_builder{State: "loading", Loading: true}.Build()
	st, err := watchTransfer(context.Background(), s, first, func() (*pb.TransferStatusResponse, error) {
		next := states[0]
		states = states[1:]
		return next, nil
	})
	if err != nil || st != idle {
		t.Fatalf("%v, %v", st, err)
	}
	for _, want := range []string{
		"loading: waits for a peer to take over the data from …",
		" 25%  100 cells of 400 cells  3.0 MiB, 1500/s, 1.0 MiB/s, 1m1s left",
		"interrupted at 25 %: waits for a peer to go on with (connection lost) …",
		"100%  400 cells of 400 cells",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if page := transferPage(st); page != "eu/n1: has all state; the last transfer brought 400 cells from us/n1 in 2.5 s\n" {
		t.Errorf("page %q", page)
	}
}

func TestStatusNamesATransfer(t *testing.T) {
	got := statusTransfer("eu/n1 of cluster c\nclock good\n", running(100, 400))
	if want := "eu/n1 of cluster c\ntakes over state from us/n1: 25 %, 100 cells of about 400, 3.0 MiB"; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "\nclock good\n") {
		t.Errorf("%q", got)
	}
	idle := pb.TransferStatusResponse_builder{State: "idle"}.Build()
	if got := statusTransfer("page\n", idle); got != "page\n" {
		t.Errorf("%q", got)
	}
}
