package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	atolld := flag.String("atolld", "bin/atolld", "the program")
	rounds := flag.Int("rounds", 5, "rounds; each runs every case against both")
	scale := flag.Float64("scale", 1, "how many requests, as a part of the usual number")
	only := flag.String("only", "", "run only the cases whose name contains this; memory is one")
	flag.Parse()
	if err := run(*atolld, *rounds, *scale, *only); err != nil {
		fmt.Fprintln(os.Stderr, "redis:", err)
		os.Exit(1)
	}
}

// run starts two pairs of servers, one for each durability, and compares within each.
func run(atolld string, rounds int, scale float64, only string) error {
	dir, err := os.MkdirTemp("", "atoll-redis-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("%d cores, load generator on them too; %d rounds\n", runtime.NumCPU(), rounds)
	fmt.Println(tableHead)
	for _, mode := range modes {
		if err := mode.compare(atolld, filepath.Join(dir, mode.fsync), rounds, scale, only); err != nil {
			return fmt.Errorf("%s: %w", mode.fsync, err)
		}
	}
	if strings.Contains("memory", only) {
		return compareMemory(atolld, dir, scale)
	}
	return nil
}
