package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memoryKeys is how many keys are stored at scale 1, keyBytes what a key takes.
const (
	memoryKeys = 1_000_000
	keyBytes   = 16
)

// compareMemory is goal M1: what a stored key adds to the resident memory of both servers, with their usual
// settings. Redis holds all data in memory; a node what its caches and tables take.
func compareMemory(atolld, dir string, scale float64) error {
	keys := int(memoryKeys * scale)
	redis, err := startRedis(filepath.Join(dir, "memory-redis"), modes[0].redis)
	if err != nil {
		return err
	}
	defer redis.stop()
	node, err := startNode(atolld, filepath.Join(dir, "memory-atoll"), modes[0].fsync)
	if err != nil {
		return err
	}
	defer node.stop()
	theirs, err := redis.bytesPerKey(keys)
	if err != nil {
		return err
	}
	ours, err := node.bytesPerKey(keys)
	if err != nil {
		return err
	}
	fmt.Printf("\nM1 ≤ 0.5: resident bytes a key, %d keys of %d and %d bytes: redis %.0f, atoll %.0f, ratio %.2f\n",
		keys, keyBytes, valueBytes, theirs, ours, ours/theirs)
	return nil
}

// bytesPerKey stores keys and returns by how much that made the process grow, for each.
func (s *server) bytesPerKey(keys int) (float64, error) {
	before, err := s.residentBytes()
	if err != nil {
		return 0, err
	}
	if err := s.fill(keys); err != nil {
		return 0, fmt.Errorf("%s: %w", s.name, err)
	}
	after, err := s.residentBytes()
	return (after - before) / float64(keys), err
}

// fill stores keys, many in a pipeline.
func (s *server) fill(keys int) error {
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	value := strings.Repeat("x", valueBytes)
	const batch = 1000
	for first := 0; first < keys; first += batch {
		var b bytes.Buffer
		n := min(batch, keys-first)
		for i := range n {
			fmt.Fprintf(&b, "*3\r\n$3\r\nSET\r\n$%d\r\nkey:%0*d\r\n$%d\r\n%s\r\n", keyBytes, keyBytes-4, first+i, valueBytes, value)
		}
		if _, err := c.Write(b.Bytes()); err != nil {
			return err
		}
		for range n {
			if reply, err := in.ReadString('\n'); err != nil || reply != "+OK\r\n" {
				return fmt.Errorf("reply %q, %w", reply, err)
			}
		}
	}
	return nil
}

// residentBytes is VmRSS of proc(5).
func (s *server) residentBytes() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseResident(string(b))
}

func parseResident(status string) (float64, error) {
	_, rest, _ := strings.Cut(status, "VmRSS:")
	line, _, _ := strings.Cut(rest, "\n")
	kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 64)
	if err != nil {
		return 0, fmt.Errorf("VmRSS of /proc/PID/status: %w", err)
	}
	return kib * 1024, nil
}
