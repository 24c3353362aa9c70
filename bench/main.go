package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// options is what the command line says.
type options struct {
	targets  []target
	mix      []weight
	clients  int
	keys     int
	value    int
	rate     float64
	duration time.Duration
	lag      bool
	json     bool
}

// target is one region's node.
type target struct{ region, address string }

// weight is one operation's share of the mix.
type weight struct {
	op    string
	share int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	var report any
	if o.lag {
		report, err = measureLag(ctx, o)
	} else {
		report, err = measureLoad(ctx, o)
	}
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(out).Encode(report)
	}
	fmt.Fprintf(out, "go run ./bench %s\n%s, %d cores\n%v", strings.Join(args, " "), cpu(), runtime.NumCPU(), report)
	return nil
}

func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	targets := f.String("targets", "us=127.0.0.1:7000", "region=host:port, …")
	mix := f.String("mix", "set=100", "shares of set, get, incr, sadd")
	f.IntVar(&o.clients, "clients", 50, "concurrent clients a region")
	f.IntVar(&o.keys, "keys", 100_000, "size of the key space")
	f.IntVar(&o.value, "value", 256, "bytes of a value")
	f.Float64Var(&o.rate, "rate", 0, "operations a second and region; 0: as fast as replies come")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "how long")
	f.BoolVar(&o.lag, "lag", false, "measure the lag from the first target to each other one")
	f.BoolVar(&o.json, "json", false, "print JSON")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	for _, part := range strings.Split(*targets, ",") {
		region, address, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("-targets: %q is not region=host:port", part)
		}
		o.targets = append(o.targets, target{region, address})
	}
	for _, part := range strings.Split(*mix, ",") {
		op, share, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(share)
		if _, known := operations[op]; !known || err != nil || n < 1 {
			return nil, fmt.Errorf("-mix: %q is not one of set, get, incr, sadd with a share", part)
		}
		o.mix = append(o.mix, weight{op, n})
	}
	if o.clients < 1 || o.keys < 1 || o.value < 0 || o.duration <= 0 || o.rate < 0 {
		return nil, errors.New("clients, keys and duration must be positive, value and rate not negative")
	}
	return o, nil
}

// cpu names the processor.
func cpu() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
