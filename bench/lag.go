package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/atollkv/atoll/client"
)

// lagReport is the time from acknowledged at the first target to readable at another.
type lagReport struct {
	Pairs []lagPair `json:"pairs"`
}

type lagPair struct {
	From       string `json:"from"`
	To         string `json:"to"`
	Count      int64  `json:"count"`
	P50Micros  int64  `json:"p50_us"`
	P99Micros  int64  `json:"p99_us"`
	P999Micros int64  `json:"p999_us"`
	// ReadMicros is the median of one read: the resolution of the figures above.
	ReadMicros int64 `json:"read_us"`
}

// String prints a table.
func (r *lagReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-18s %8s %9s %9s %9s %9s\n", "lag", "count", "p50 ms", "p99 ms", "p99.9 ms", "read ms")
	ms := func(us int64) float64 { return float64(us) / 1000 }
	for _, p := range r.Pairs {
		fmt.Fprintf(&b, "%-18s %8d %9.2f %9.2f %9.2f %9.2f\n", p.From+" → "+p.To, p.Count, ms(p.P50Micros), ms(p.P99Micros), ms(p.P999Micros), ms(p.ReadMicros))
	}
	return b.String()
}

// measureLag writes at the first target and reads at each other one in a tight loop
// until the value is there. A read that does not find it yet adds up to its own
// duration to the figure.
func measureLag(ctx context.Context, o *options) (*lagReport, error) {
	if len(o.targets) < 2 {
		return nil, errors.New("-lag needs two targets")
	}
	from, err := client.Dial(ctx, o.targets[0].address)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	r := &lagReport{}
	for _, t := range o.targets[1:] {
		to, err := client.Dial(ctx, t.address)
		if err != nil {
			return nil, err
		}
		p, err := lagBetween(ctx, o, from, to)
		if err := errors.Join(err, to.Close()); err != nil {
			return nil, err
		}
		p.From, p.To = o.targets[0].region, t.region
		r.Pairs = append(r.Pairs, *p)
	}
	return r, nil
}

func lagBetween(ctx context.Context, o *options, from, to *client.Client) (*lagPair, error) {
	lags, reads := hdrhistogram.New(1, 60_000_000, 3), hdrhistogram.New(1, 60_000_000, 3)
	end := time.Now().Add(o.duration)
	for i := 0; time.Now().Before(end) && ctx.Err() == nil; i++ {
		value := fmt.Sprintf("%d-%d", end.UnixNano(), i)
		if err := from.Register("bench:lag").Set(ctx, []byte(value)); err != nil {
			return nil, err
		}
		acked := time.Now()
		for {
			began := time.Now()
			v, err := to.Register("bench:lag").Get(ctx)
			if err != nil && !errors.Is(err, client.ErrNotFound) {
				return nil, err
			}
			_ = reads.RecordValue(time.Since(began).Microseconds())
			if string(v) == value {
				break
			}
		}
		_ = lags.RecordValue(max(1, time.Since(acked).Microseconds()))
	}
	return &lagPair{
		Count: lags.TotalCount(), P50Micros: lags.ValueAtQuantile(50), P99Micros: lags.ValueAtQuantile(99),
		P999Micros: lags.ValueAtQuantile(99.9), ReadMicros: reads.ValueAtQuantile(50),
	}, nil
}
