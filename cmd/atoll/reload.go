package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/atollkv/atoll/node"
	"github.com/atollkv/atoll/store"
)

// reloadCommands bring back a node whose data directory it cannot go on with.
func reloadCommands() []*command {
	return []*command{
		{name: "reload", group: groupCluster, where: onlyOnce, min: 1, max: 3, args: "DATADIR [--dry-run] [--yes]",
			summary: "move a stopped node's damaged or superseded data aside; once started it loads all from its peers",
			example: "reload /var/lib/atoll --dry-run", run: runReload, flags: []flagHelp{
				{"--dry-run", "say what would be done and change nothing"},
				{"--yes", "do not ask: updates that no peer has yet are then only in the directory moved aside"}}},
	}
}

func runReload(_ context.Context, s *session, args []string) reply {
	dry, yes := takeFlag(&args, "--dry-run"), takeFlag(&args, "--yes")
	if len(args) != 1 || strings.HasPrefix(args[0], "--") {
		return errReply{usagef("reload needs one data directory, not %q", clip(strings.Join(args, " "))).hint("use: atoll reload DATADIR [--dry-run] [--yes]")}
	}
	r, err := node.PrepareReload(args[0])
	if err != nil {
		return errReply{explainReload(err)}
	}
	defer r.Close() // the process ends
	if dry {
		return reloadReply(r, false)
	}
	if f := s.agree(r, yes); f != nil {
		return errReply{f}
	}
	if err := r.Do(); err != nil {
		return errReply{explainReload(err)}
	}
	return reloadReply(r, true)
}

// agree asks for the name of the node, on a terminal.
func (s *session) agree(r *node.Reload, yes bool) *failure {
	if yes {
		return nil
	}
	if s.form != formTerminal || !term.IsTerminal(int(os.Stdin.Fd())) {
		return failf("DENIED", exitRefused, "updates that no peer has yet will only be in the directory that is moved aside").
			hint("look first: %s --dry-run; then: %s --yes", store.ReloadCommand(r.Dir), store.ReloadCommand(r.Dir))
	}
	return s.confirm(r)
}

// confirm reads the name; of a directory that does not say whose it is, its path.
func (s *session) confirm(r *node.Reload) *failure {
	name := or(ownerName(r.Owner), r.Dir)
	fmt.Fprintf(s.err, "%s moves to %s. Updates that no peer has yet are only there then.\nType %s to go on: ", r.Dir, r.Aside, name)
	line, err := s.in.ReadString('\n')
	if strings.TrimSpace(line) != name {
		return failf("DENIED", exitRefused, "that is not %s; nothing was changed", name)
	}
	if err != nil {
		return failf("ERROR", exitError, "read the answer: %v", err)
	}
	return nil
}

// ownerName is empty when nobody knows whose a directory is.
func ownerName(o node.Owner) string {
	if o.Region == "" {
		return ""
	}
	return nodeName(o.Region, o.Node)
}

func reloadReply(r *node.Reload, done bool) reply {
	name := ownerName(r.Owner)
	doc := object{"data_dir": r.Dir, "aside": r.Aside, "done": done, "node": name, "cluster": r.Owner.Cluster, "members": r.Members, "unreadable": ""}
	var out strings.Builder
	verb := "would move"
	if done {
		verb = "moved"
	}
	fmt.Fprintf(&out, "%s %s to %s\n", verb, r.Dir, r.Aside)
	if name != "" {
		fmt.Fprintf(&out, "kept: it is %s of cluster %s, and knows %s\n", name, r.Owner.Cluster, count(uint64(len(r.Members)), "other member"))
	}
	if r.Unreadable != nil {
		doc["unreadable"] = r.Unreadable.Error()
		fmt.Fprintf(&out, "not kept, since it cannot be read: %v\nits configuration must name the cluster and a peer (--cluster, --peers or --gossip-join)\n", r.Unreadable)
	}
	if done {
		out.WriteString("start the node as usual: it answers LOADING until it has what its peers have\n")
	}
	return pageReply{page: out.String(), doc: doc}
}

func explainReload(err error) *failure {
	switch {
	case errors.Is(err, store.ErrInUse):
		return failf("INUSE", exitRefused, "%v", err).hint("stop the node first")
	case errors.Is(err, fs.ErrNotExist):
		return failf("NOTFOUND", exitNotFound, "%v", err).hint("name the data_dir of the node")
	}
	return explain(err)
}
