package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"
)

// reachTries and reachFor bound how often and how long a node that refuses connections is tried: long
// enough for one that is just being started, short enough for a script that runs without any.
const (
	reachTries = 3
	reachFor   = 3 * time.Second
)

// reach waits until one of the endpoints accepts connections.
func reach(ctx context.Context, endpoints []string) *failure {
	start := time.Now()
	for try := 1; ; try++ {
		err := anyAccepts(ctx, endpoints, reachFor)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return explain(ctx.Err())
		}
		took := time.Since(start)
		if try == reachTries || took >= reachFor {
			return unreachable(strings.Join(endpoints, ", "), err, try, took)
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(0, time.Duration(try)*reachFor/(reachTries-1)-took)):
		}
	}
}

func unreachable(endpoints string, err error, tries int, took time.Duration) *failure {
	times := fmt.Sprintf("%d tries", tries)
	if tries == 1 {
		times = "1 try"
	}
	f := failf("UNAVAILABLE", exitUnavailable, "cannot reach %s (%s) after %s in %.1fs", endpoints, cause(err), times, took.Seconds())
	f.Retryable = true
	return f.hint("is a node running? try: atoll dev")
}

// anyAccepts tries the endpoints in order and returns the last error when none accepts.
func anyAccepts(ctx context.Context, endpoints []string, wait time.Duration) error {
	var last error
	for _, endpoint := range endpoints {
		dialer := net.Dialer{Timeout: wait}
		conn, err := dialer.DialContext(ctx, "tcp", endpoint)
		if err == nil {
			return conn.Close()
		}
		last = err
	}
	return last
}

// cause puts the reason for a failed connection into a few words.
func cause(err error) string {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &dns):
		return "no such host"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}
