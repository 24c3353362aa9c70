package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/atollkv/atoll/client"
	"github.com/atollkv/atoll/internal/devcluster"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

var devFlags = []flagHelp{
	{"--regions us,eu,ap", "regions to start, one node each"},
	{"--data DIR", "keep data in DIR/<region> (default: a temporary directory)"},
	{"--base-port 7000", "region i takes base+10i (gRPC), +1 (RESP), +2 (HTTP), +3 (gossip); also chooses the cluster for the verbs"},
	{"--keep", "leave the temporary directory in place"},
	{"cut A B [--one-way]", "A and B no longer hear each other; one way: A no longer hears B"},
	{"heal [A B]", "mend the link between A and B, or all links"},
	{"kill A", "kill -9 the node of A"},
	{"stop A", "let the node of A end in order"},
	{"start A", "start the node of A again; its links stay cut"},
	{"status", "show nodes and cut links"},
}

// devArgs is what the words behind dev mean.
type devArgs struct {
	verb    string
	regions []string // of the verb
	oneWay  bool
	config  devcluster.Config
	start   []string // flags that only make sense without a verb
}

// devVerbs gives the numbers of regions that each verb takes.
var devVerbs = map[string][]int{"cut": {2}, "heal": {0, 2}, "kill": {1}, "stop": {1}, "start": {1}, "status": {0}}

func runDev(ctx context.Context, s *session, args []string) reply {
	d, f := readDevArgs(args)
	switch {
	case f != nil:
		return errReply{f}
	case d.verb == "":
		return devUp(ctx, s, d.config)
	}
	return devVerb(ctx, d)
}

func readDevArgs(args []string) (*devArgs, *failure) {
	d := &devArgs{config: devcluster.Config{BasePort: 7000}}
	var words []string
	for len(args) > 0 {
		if !strings.HasPrefix(args[0], "-") {
			words, args = append(words, args[0]), args[1:]
			continue
		}
		var f *failure
		if args, f = d.readFlag(args); f != nil {
			return nil, f
		}
	}
	if len(words) > 0 {
		d.verb, d.regions = words[0], words[1:]
	}
	return d, d.check()
}

func (d *devArgs) readFlag(args []string) ([]string, *failure) {
	name, value, joined := strings.Cut(args[0], "=")
	args = args[1:]
	switch name {
	case "--one-way", "--keep":
		if joined {
			return nil, usagef("%s takes no value", name)
		}
		d.oneWay = d.oneWay || name == "--one-way"
		d.config.Keep = d.config.Keep || name == "--keep"
	case "--regions", "--data", "--base-port":
		if !joined {
			if len(args) == 0 {
				return nil, usagef("%s needs a value", name)
			}
			value, args = args[0], args[1:]
		}
	default:
		return nil, usagef("unknown flag %s of dev%s", clip(name), didYouMean(name, []string{"--regions", "--data", "--base-port", "--keep", "--one-way"})).
			hint("try: atoll dev --help")
	}
	switch name {
	case "--regions":
		d.config.Regions = strings.Split(value, ",")
	case "--data":
		if d.config.Data = value; value == "" {
			return nil, usagef("--data needs a directory")
		}
	case "--base-port":
		port, err := strconv.Atoi(value)
		if err != nil || port < 1 || port > 65535 {
			return nil, usagef("--base-port: %q is not a port", clip(value))
		}
		d.config.BasePort = port
	}
	if name == "--regions" || name == "--data" || name == "--keep" {
		d.start = append(d.start, name)
	}
	return args, nil
}

func (d *devArgs) check() *failure {
	if d.verb == "" {
		if d.oneWay {
			return usagef("--one-way belongs to dev cut").hint("use: atoll dev cut A B --one-way")
		}
		return nil
	}
	counts, known := devVerbs[d.verb]
	switch {
	case !known:
		return usagef("unknown command \"dev %s\"%s", clip(d.verb), didYouMean(d.verb, sortedKeys(devVerbs))).hint("try: atoll dev --help")
	case !slices.Contains(counts, len(d.regions)):
		return usagef("dev %s takes %s, not %d", d.verb, regionsWord(counts), len(d.regions)).hint("see: atoll dev --help")
	case d.oneWay && d.verb != "cut":
		return usagef("--one-way belongs to dev cut").hint("use: atoll dev cut A B --one-way")
	case len(d.start) > 0:
		return usagef("%s belongs to starting a cluster, not to dev %s", d.start[0], d.verb)
	}
	return nil
}

func regionsWord(counts []int) string {
	var out []string
	for _, n := range counts {
		out = append(out, strconv.Itoa(n))
	}
	word := strings.Join(out, " or ") + " regions"
	return strings.Replace(word, "1 regions", "1 region", 1)
}

// devUp runs a cluster until Ctrl-C or SIGTERM. Either is the ordinary end.
func devUp(ctx context.Context, s *session, cfg devcluster.Config) reply {
	binary, err := devcluster.FindBinary(s.env)
	if err != nil {
		return errReply{failf("NOBINARY", exitError, "%v", err).hint("build it with: make build")}
	}
	cfg.Binary, cfg.Env, cfg.Connect, cfg.Events = binary, nodeEnviron(), cutLinks, devEvents(s)
	cluster, err := devcluster.New(cfg)
	if err != nil {
		return errReply{usagef("%s", strings.ReplaceAll(err.Error(), "\n", "; "))}
	}
	hurry := make(chan os.Signal, 1)
	context.AfterFunc(ctx, func() { // the second signal
		signal.Notify(hurry, os.Interrupt, syscall.SIGTERM)
		<-hurry
		cluster.Hurry()
	})
	switch err := cluster.Run(ctx); {
	case errors.Is(err, devcluster.ErrPortsInUse):
		return errReply{failf("INUSE", exitError, "%v", err).hint("stop what uses them, or choose others with --base-port")}
	case err != nil:
		return errReply{failf("DEV", exitError, "%v", err)}
	}
	return quietReply{}
}

// nodeEnviron is the environment without what only the command line reads.
func nodeEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return name == "ATOLL_HISTORY" || name == "ATOLL_ATOLLD" ||
			slices.ContainsFunc(globalOptions, func(o option) bool { return o.env != "" && o.env == name })
	})
}

func devEvents(s *session) devcluster.Events {
	note := func(format string, args ...any) { _, _ = fmt.Fprintf(s.err, format+"\n", args...) }
	return devcluster.Events{
		Waiting: func(regions []string) { note("waiting for %s", strings.Join(regions, ", ")) },
		Ready: func(st devcluster.Status) {
			if err := s.print(devReply(st)); err != nil {
				note("write the table: %v", err)
			}
			if s.form != formJSON {
				_, _ = fmt.Fprintln(s.out, "\nready")
				_ = s.out.Flush() // the table before it was written
			}
			note("Ctrl-C stops all. In another terminal: atoll --addr %s   or: atoll dev cut %s", st.Nodes[0].GRPC, cutExample(st))
		},
		Died: func(n devcluster.Node, how string, tail []byte) {
			note("the node of %s died (%s); start it again with: atoll dev start %s; its log %s ends with:\n%s", n.Region, how, n.Region, n.Log, tail)
		},
		Stopping: func() { note("stopping") },
	}
}

func cutExample(st devcluster.Status) string {
	example := st.Nodes[0].Region
	if len(st.Nodes) > 1 {
		example += " " + st.Nodes[1].Region
	}
	if st.BasePort != 7000 {
		example += fmt.Sprintf(" --base-port %d", st.BasePort)
	}
	return example
}

// cutLinks tells a node by its own service.
func cutLinks(ctx context.Context, address string, regions, deafTo []string) error {
	node, err := client.Dial(ctx, address, client.ForOperators())
	if err != nil {
		return explain(err)
	}
	defer func() { _ = node.Close() }() // the answer has been read
	if _, err := node.Admin().CutLinks(ctx, pb.CutLinksRequest_builder{Regions: regions, DeafTo: deafTo}.Build()); err != nil {
		return explain(err)
	}
	return nil
}

// devVerb acts on a running cluster.
func devVerb(ctx context.Context, d *devArgs) reply {
	if f := d.checkRegions(ctx); f != nil {
		return errReply{f}
	}
	st, err := devcluster.Call(ctx, d.config.BasePort, devcluster.Request{Verb: d.verb, Regions: d.regions, OneWay: d.oneWay})
	if err != nil {
		return errReply{devFailure(err)}
	}
	return devReply(st)
}

// checkRegions asks for the names first, so that a mistake gets a suggestion.
func (d *devArgs) checkRegions(ctx context.Context) *failure {
	if len(d.regions) == 0 {
		return nil
	}
	st, err := devcluster.Call(ctx, d.config.BasePort, devcluster.Request{Verb: "status"})
	if err != nil {
		return devFailure(err)
	}
	var known []string
	for _, n := range st.Nodes {
		known = append(known, n.Region)
	}
	for _, r := range d.regions {
		if !slices.Contains(known, r) {
			return usagef("unknown region %q%s", clip(r), didYouMean(r, known)).hint("the regions are %s", strings.Join(known, ", "))
		}
	}
	return nil
}

func devFailure(err error) *failure {
	var refusal *devcluster.Refusal
	switch {
	case errors.Is(err, devcluster.ErrNotRunning):
		f := failf("UNAVAILABLE", exitUnavailable, "%v", err)
		if ports := devcluster.Running(); len(ports) > 0 {
			return f.hint("running: --base-port %s", strings.Join(ports, ", "))
		}
		return f.hint("start one with: atoll dev")
	case errors.As(err, &refusal) && refusal.Code == "INVALID":
		return usagef("%s", refusal.Message)
	case errors.As(err, &refusal):
		return failf("DEV", exitError, "%s", refusal.Message)
	case errors.Is(err, context.Canceled):
		return explain(context.Canceled)
	}
	return failf("DEV", exitError, "%v", err)
}

// devReply shows the nodes and the cut links.
func devReply(st devcluster.Status) reply {
	t := table{}
	t.add("REGION", "STATE", "PID", "GRPC", "RESP", "HTTP", "GOSSIP", "DATA")
	for _, n := range st.Nodes {
		pid := "-"
		if n.PID != 0 {
			pid = strconv.Itoa(n.PID)
		}
		t.add(n.Region, n.State, pid, n.GRPC, n.RESP, n.HTTP, n.Gossip, n.Data)
	}
	page := t.String()
	for _, c := range st.Cuts {
		if c.OneWay {
			page += fmt.Sprintf("cut: %s does not hear %s\n", c.A, c.B)
		} else {
			page += fmt.Sprintf("cut: %s and %s\n", c.A, c.B)
		}
	}
	return pageReply{page: page, doc: st}
}

// quietReply has nothing to say: what there was to say was said while it happened.
type quietReply struct{}

func (quietReply) text(dst []byte, _ form) []byte { return dst }
func (quietReply) document() any                  { return nil }
func (quietReply) exit() int                      { return exitOK }
