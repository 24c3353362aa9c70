package main

import (
	"fmt"
	"strings"
)

// mode is a durability: fsync of a node, and the settings of redis-server that promise the same.
type mode struct {
	fsync string
	redis []string
	cases []benchCase
}

// benchCase is one run of redis-benchmark and what is asked of it.
type benchCase struct {
	name, test string
	pipeline   int
	requests   int // at scale 1
	goal       string
}

const (
	clients    = 50
	valueBytes = 256
	keyspace   = 1_000_000
)

var modes = []mode{
	{
		fsync: "interval", redis: []string{"--appendonly", "yes", "--appendfsync", "everysec"},
		cases: []benchCase{
			{"SET P=16", "set", 16, 400_000, "P1 ≥ 0.60; P6 p99 ≤ 3x"},
			{"GET P=16", "get", 16, 800_000, "P3 ≥ 1.0"},
			{"GET P=1", "get", 1, 100_000, "P3 ≥ 0.85"},
			{"INCR P=16", "incr", 16, 400_000, "P4 ≥ 0.60"},
			{"SADD P=16", "sadd", 16, 400_000, "P5 ≥ 0.5"},
			{"HSET P=16", "hset", 16, 400_000, "P5 ≥ 0.5"},
			{"ZADD P=16", "zadd", 16, 400_000, "P5 ≥ 1.0"},
		},
	},
	{
		fsync: "always", redis: []string{"--appendonly", "yes", "--appendfsync", "always"},
		cases: []benchCase{
			{"SET P=16", "set", 16, 300_000, "P2 ≥ 0.75"},
			{"SET P=1", "set", 1, 60_000, "P2 ≥ 0.60"},
		},
	},
}

// arguments are those of redis-benchmark.
func (c *benchCase) arguments(address string, scale float64) []string {
	host, port, _ := strings.Cut(address, ":")
	return []string{
		"-h", host, "-p", port, "-c", fmt.Sprint(clients), "-d", fmt.Sprint(valueBytes), "-r", fmt.Sprint(keyspace),
		"-n", fmt.Sprint(max(int(float64(c.requests)*scale), clients*c.pipeline)), "-P", fmt.Sprint(c.pipeline), "-t", c.test, "--csv",
	}
}
