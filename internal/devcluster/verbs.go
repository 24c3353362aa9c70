package devcluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// carryOut does what was asked; one request at a time.
func (c *Cluster) carryOut(ctx context.Context, r Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	nodes, err := c.find(r.Regions)
	if err != nil {
		return err
	}
	switch {
	case r.Verb == "status" && len(nodes) == 0:
		return nil
	case r.Verb == "cut" && len(nodes) == 2:
		c.change(func() { c.cuts.add(Cut{nodes[0].Region, nodes[1].Region, r.OneWay}) })
		return c.tell(ctx, nodes)
	case r.Verb == "heal" && len(nodes) == 2:
		c.change(func() { c.cuts.heal(nodes[0].Region, nodes[1].Region) })
		return c.tell(ctx, nodes)
	case r.Verb == "heal" && len(nodes) == 0:
		c.change(func() { c.cuts.heal("", "") })
		return c.tell(ctx, c.nodes)
	case r.Verb == "kill" && len(nodes) == 1:
		return c.end(nodes[0], syscall.SIGKILL, "killed")
	case r.Verb == "stop" && len(nodes) == 1:
		return c.end(nodes[0], syscall.SIGTERM, "stopped")
	case r.Verb == "start" && len(nodes) == 1:
		return c.start(ctx, nodes[0])
	}
	return &Refusal{"INVALID", fmt.Sprintf("%s of %d regions is not understood", r.Verb, len(nodes))}
}

func (c *Cluster) find(regions []string) ([]*process, error) {
	var nodes []*process
	for i, region := range regions {
		for _, n := range c.nodes {
			if n.Region == region {
				nodes = append(nodes, n)
			}
		}
		switch {
		case len(nodes) <= i:
			return nil, &Refusal{"INVALID", fmt.Sprintf("there is no region %q here, only %s", region, strings.Join(c.cfg.Regions, ", "))}
		case i > 0 && nodes[i] == nodes[i-1]:
			return nil, &Refusal{"INVALID", fmt.Sprintf("%s has no link with itself", region)}
		}
	}
	return nodes, nil
}

func (c *Cluster) change(set func()) {
	c.cutsMu.Lock()
	defer c.cutsMu.Unlock()
	set()
}

// tell gives running nodes the cuts that concern them. Nodes that are down learn of them when they start.
func (c *Cluster) tell(ctx context.Context, nodes []*process) error {
	ctx, cancel := context.WithTimeout(ctx, cutWait)
	defer cancel()
	var problems []error
	for _, n := range nodes {
		if _, alive := n.running(); !alive {
			continue
		}
		c.cutsMu.Lock()
		regions, deafTo := c.cuts.of(n.Region)
		c.cutsMu.Unlock()
		if err := c.cfg.Connect(ctx, n.GRPC, regions, deafTo); err != nil {
			problems = append(problems, fmt.Errorf("tell %s of cut links: %w", n.Region, err))
		}
	}
	return errors.Join(problems...)
}

func (c *Cluster) end(n *process, sig syscall.Signal, state string) error {
	if _, alive := n.running(); !alive {
		return &Refusal{"INVALID", n.Region + " is not running"}
	}
	n.end(sig, state, c.hurry)
	return nil
}

// start runs a node again. It gets its cuts with its arguments, and once more by command, so that a cut
// made while it was starting holds too.
func (c *Cluster) start(ctx context.Context, n *process) error {
	if _, alive := n.running(); alive {
		return &Refusal{"INVALID", n.Region + " is running already"}
	}
	if err := c.launch(n); err != nil {
		return err
	}
	if err := c.awaitReady(ctx, n); err != nil {
		return err
	}
	return c.tell(ctx, []*process{n})
}
