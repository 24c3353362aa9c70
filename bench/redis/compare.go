package main

import (
	"fmt"
	"os/exec"
	"strings"
)

// measure is one run: requests a second, milliseconds, and the server's CPU-seconds per million.
type measure struct{ rps, p99, cpu float64 }

// compare runs the cases of a mode against both servers in turn and prints a line for each.
func (m *mode) compare(atolld, dir string, rounds int, scale float64, only string) error {
	redis, err := startRedis(dir+"-redis", m.redis)
	if err != nil {
		return err
	}
	defer redis.stop()
	node, err := startNode(atolld, dir+"-atoll", m.fsync)
	if err != nil {
		return err
	}
	defer node.stop()
	for i := range m.cases {
		c := &m.cases[i]
		if !strings.Contains(c.name, only) {
			continue
		}
		if !node.offers(c.test) {
			fmt.Printf("| %s | %s | %s | | | | | | not offered |\n", m.fsync, c.name, c.goal)
			continue
		}
		var theirs, ours []measure
		for round := range rounds {
			pair := []struct {
				s  *server
				to *[]measure
			}{{redis, &theirs}, {node, &ours}}
			if round%2 == 1 { // who goes first changes
				pair[0], pair[1] = pair[1], pair[0]
			}
			for _, p := range pair {
				one, err := c.run(p.s, scale)
				if err != nil {
					return fmt.Errorf("%s at %s: %w", c.name, p.s.name, err)
				}
				*p.to = append(*p.to, one)
			}
		}
		fmt.Println(line(m.fsync, c, theirs, ours))
	}
	return nil
}

// run runs redis-benchmark once.
func (c *benchCase) run(s *server, scale float64) (m measure, err error) {
	before, err := s.cpuSeconds()
	if err != nil {
		return m, err
	}
	args := c.arguments(s.address, scale)
	out, err := exec.Command("redis-benchmark", args...).CombinedOutput()
	if err != nil {
		return m, fmt.Errorf("redis-benchmark: %w: %s", err, out)
	}
	if m.rps, m.p99, err = parseCSV(string(out)); err != nil {
		return m, err
	}
	after, err := s.cpuSeconds()
	if err != nil {
		return m, err
	}
	m.cpu = (after - before) / float64(requestsOf(args)) * 1e6
	return m, nil
}
