package main

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// memberWait bounds how long one member is waited for when all are asked.
const memberWait = 2 * time.Second

// member is a node as seen from here: what was said about it, and what it said itself.
type member struct {
	region, node, address string
	status                *pb.StatusResponse // nil when it did not answer
	problem               *failure

	conn *client.Client
}

func (m *member) name() string { return nodeName(m.region, m.node) }

// cluster holds connections to all members that are known.
type cluster struct {
	members []*member // by region, then node
	byAddr  map[string]*member
}

// findMembers asks the node for the members it knows, asks these for theirs, and so on. What gossip says
// of them does not count: a member that left in order may be back before gossip tells. It fails only when
// the first node does not answer.
func findMembers(ctx context.Context, s *session) (*cluster, *failure) {
	first, f := s.connect(ctx)
	if f != nil {
		return nil, f
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.timeout)
	defer cancel()
	status, err := first.Admin().Status(ctx, &pb.StatusRequest{})
	if err != nil {
		return nil, explain(err)
	}
	self := &member{region: status.GetRegion(), node: status.GetNode(), status: status, conn: first, address: s.opts.endpoints()[0]}
	c := &cluster{byAddr: map[string]*member{}}
	c.members = append(c.members, self)
	for unasked := c.learn(status); len(unasked) > 0; {
		askAll(unasked, func(m *member) { m.askStatus(ctx) })
		var next []*member
		for _, m := range unasked {
			if m.status != nil {
				next = append(next, c.learn(m.status)...)
			}
		}
		unasked = next
	}
	sort.Slice(c.members, func(i, j int) bool { return c.members[i].name() < c.members[j].name() })
	return c, nil
}

// learn adds the members that a node names and that are new.
func (c *cluster) learn(status *pb.StatusResponse) []*member {
	var added []*member
	for _, m := range status.GetMembers() {
		if c.has(m) {
			continue
		}
		fresh := &member{region: m.GetRegion(), node: m.GetNode(), address: m.GetAddress()}
		c.byAddr[fresh.address] = fresh
		c.members, added = append(c.members, fresh), append(added, fresh)
	}
	return added
}

func (c *cluster) has(m *pb.MemberStatus) bool {
	if c.byAddr[m.GetAddress()] != nil && m.GetAddress() != "" {
		return true
	}
	for _, known := range c.members {
		if known.region == m.GetRegion() && known.node == m.GetNode() && m.GetNode() != "" {
			return true
		}
	}
	return false
}

// close ends the connections to all but the session's own node.
func (c *cluster) close(s *session) {
	for _, m := range c.members {
		if m.conn != nil && m.conn != s.node {
			_ = m.conn.Close() // read only
		}
	}
}

// askAll calls ask for all members at the same time.
func askAll(members []*member, ask func(*member)) {
	var wait sync.WaitGroup
	for _, m := range members {
		wait.Go(func() { ask(m) })
	}
	wait.Wait()
}

// admin connects to the member when it is not connected yet.
func (m *member) admin(ctx context.Context) (pb.AdminClient, *failure) {
	if m.conn != nil {
		return m.conn.Admin(), nil
	}
	if m.address == "" {
		return nil, failf("UNAVAILABLE", exitUnavailable, "its address is not known")
	}
	if err := anyAccepts(ctx, []string{m.address}, memberWait); err != nil {
		return nil, failf("UNAVAILABLE", exitUnavailable, "cannot reach %s (%s)", m.address, cause(err))
	}
	conn, err := client.Dial(ctx, m.address, client.ForOperators())
	if err != nil {
		return nil, explain(err)
	}
	m.conn = conn
	return conn.Admin(), nil
}

func (m *member) askStatus(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, memberWait)
	defer cancel()
	admin, f := m.admin(ctx)
	if f != nil {
		m.problem = f
		return
	}
	status, err := admin.Status(ctx, &pb.StatusRequest{})
	if err != nil {
		m.problem = explain(err)
		return
	}
	m.status = status
	m.region, m.node = or(status.GetRegion(), m.region), or(status.GetNode(), m.node)
}
