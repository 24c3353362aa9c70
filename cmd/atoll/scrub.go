package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

func scrubCommands() []*command {
	return []*command{
		{name: "scrub", group: groupCluster, where: onlyOnce, max: 2, args: "[--rate MIB]",
			summary: "read all data on a node's disk, compare checksums, and say what is damaged",
			example: "atoll scrub --rate 50", run: runScrub, flags: scrubFlags},
		{name: "accept-loss", group: groupCluster, where: onlyOnce, max: 1, args: "[--yes]",
			summary: "give up updates that only this node had, of data that is damaged and that no peer can give back",
			example: "atoll accept-loss --yes", run: runAcceptLoss, flags: []flagHelp{
				{"--yes", "what is given up is gone everywhere"}}},
	}
}

var scrubFlags = []flagHelp{
	{"--rate MIB", "MiB read a second; 0 is no bound (default 0)"},
}

// maxScrubMiB bounds --rate.
const maxScrubMiB = 1 << 20

func readScrubArgs(args []string) (rateBytes uint64, f *failure) {
	if len(args) == 0 {
		return 0, nil
	}
	name, value, joined := strings.Cut(args[0], "=")
	if name != "--rate" || joined != (len(args) == 1) {
		return 0, usagef("scrub does not know %s", clip(strings.Join(args, " "))).hint("use: atoll scrub [--rate MIB]")
	}
	if !joined {
		value = args[1]
	}
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || n > maxScrubMiB {
		return 0, usagef("--rate %s is no number from 0 to %d", clip(value), maxScrubMiB)
	}
	return n << 20, nil
}

func runScrub(ctx context.Context, s *session, args []string) reply {
	rate, f := readScrubArgs(args)
	if f != nil {
		return errReply{f}
	}
	conn, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pb.NewScrubClient(conn.Conn()).RunScrub(ctx, pb.RunScrubRequest_builder{RateBytes: rate}.Build())
	if err != nil {
		return errReply{explain(err)}
	}
	b := newBar(s, size)
	defer b.end()
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			err = errors.New("the node ended the scrub without a result; see its log")
		}
		if err != nil {
			return errReply{explain(err)}
		}
		b.set("scrub", m.GetDoneBytes(), m.GetTotalBytes())
		if m.GetDone() {
			return scrubReply(m)
		}
	}
}

func scrubReply(m *pb.RunScrubResponse) reply {
	var out strings.Builder
	fmt.Fprintf(&out, "%s read, %s found by this scrub, %s healed since the node started\n", size(m.GetDoneBytes()),
		count(uint64(m.GetDamaged()), "damaged range"), count(m.GetHealed(), "range"))
	for _, line := range m.GetOpen() {
		fmt.Fprintf(&out, "DAMAGED: %s\n", line)
	}
	return pageReply{page: out.String(), doc: object{
		"read_bytes": m.GetDoneBytes(), "damaged": m.GetDamaged(), "healed": m.GetHealed(), "open": append([]string{}, m.GetOpen()...),
	}}
}

func runAcceptLoss(ctx context.Context, s *session, args []string) reply {
	yes := takeFlag(&args, "--yes")
	if len(args) > 0 {
		return errReply{usagef("accept-loss does not know %s", clip(strings.Join(args, " "))).hint("use: atoll accept-loss [--yes]")}
	}
	if !yes {
		return errReply{failf("DENIED", exitRefused, "what only this node had in its damaged data would be gone everywhere").
			hint("see what is damaged: atoll scrub; then: atoll accept-loss --yes")}
	}
	conn, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	m, err := pb.NewScrubClient(conn.Conn()).AcceptLoss(ctx, &pb.AcceptLossRequest{})
	if err != nil {
		return errReply{explain(err)}
	}
	lines := append([]string{}, m.GetGivenUp()...)
	page := "nothing is given up: the peers hold all that is damaged here\n"
	if len(lines) > 0 {
		page = strings.Join(lines, "\n") + "\n"
	}
	return pageReply{page: page, doc: object{"given_up": lines}}
}
