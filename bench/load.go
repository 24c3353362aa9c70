package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/atollkv/atoll/client"
)

// operations are what a mix is made of.
var operations = map[string]func(context.Context, *client.Client, string, []byte) error{
	"set": func(ctx context.Context, c *client.Client, key string, value []byte) error {
		return c.Register(key).Set(ctx, value)
	},
	"get": func(ctx context.Context, c *client.Client, key string, _ []byte) error {
		_, err := c.Register(key).Get(ctx)
		if errors.Is(err, client.ErrNotFound) {
			return nil
		}
		return err
	},
	"incr": func(ctx context.Context, c *client.Client, key string, _ []byte) error {
		_, err := c.Counter("n"+key).Incr(ctx, 1)
		return err
	},
	"sadd": func(ctx context.Context, c *client.Client, key string, value []byte) error {
		_, err := c.Set("s"+key).Add(ctx, string(value[:min(len(value), 16)]))
		return err
	},
}

// loadReport is what a load run gives, a line an operation and region.
type loadReport struct {
	Seconds float64    `json:"seconds"`
	Lines   []loadLine `json:"lines"`
}

type loadLine struct {
	Region       string  `json:"region"`
	Op           string  `json:"op"`
	Count        int64   `json:"count"`
	Errors       int64   `json:"errors"`
	PerSecond    float64 `json:"per_second"`
	P50Micros    int64   `json:"p50_us"`
	P99Micros    int64   `json:"p99_us"`
	P999Micros   int64   `json:"p999_us"`
	MaxMicros    int64   `json:"max_us"`
	histogram    *hdrhistogram.Histogram
	firstFailure error
}

// String prints a table.
func (r *loadReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %-5s %10s %7s %10s %9s %9s %9s %9s\n", "region", "op", "count", "errors", "per s", "p50 ms", "p99 ms", "p99.9 ms", "max ms")
	ms := func(us int64) float64 { return float64(us) / 1000 }
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "%-8s %-5s %10d %7d %10.0f %9.2f %9.2f %9.2f %9.2f\n",
			l.Region, l.Op, l.Count, l.Errors, l.PerSecond, ms(l.P50Micros), ms(l.P99Micros), ms(l.P999Micros), ms(l.MaxMicros))
		if l.firstFailure != nil {
			fmt.Fprintf(&b, "         first error: %v\n", l.firstFailure)
		}
	}
	return b.String()
}

func measureLoad(ctx context.Context, o *options) (*loadReport, error) {
	var mu sync.Mutex
	lines := map[[2]string]*loadLine{}
	var wg sync.WaitGroup
	begin := time.Now()
	for _, t := range o.targets {
		c, err := client.Dial(ctx, t.address)
		if err != nil {
			return nil, fmt.Errorf("dial %s: %w", t.region, err)
		}
		defer c.Close()
		for w := range o.clients {
			wg.Go(func() {
				mine := (&worker{o: o, c: c, rng: rand.New(rand.NewPCG(uint64(w), uint64(begin.UnixNano())))}).run(ctx, begin)
				mu.Lock()
				defer mu.Unlock()
				for op, l := range mine {
					merge(lines, t.region, op, l)
				}
			})
		}
	}
	wg.Wait()
	return summarise(o, lines, time.Since(begin)), nil
}

// worker is one client in a closed loop, or at a fixed rate.
type worker struct {
	o   *options
	c   *client.Client
	rng *rand.Rand
}

func (w *worker) run(ctx context.Context, begin time.Time) map[string]*loadLine {
	lines := map[string]*loadLine{}
	value := make([]byte, w.o.value)
	for i := 0; ctx.Err() == nil && time.Since(begin) < w.o.duration; i++ {
		due := time.Now()
		if w.o.rate > 0 {
			due = begin.Add(time.Duration(float64(i) * float64(w.o.clients) / w.o.rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		for j := range value {
			value[j] = byte('a' + w.rng.IntN(26))
		}
		op := w.pick()
		l := lines[op]
		if l == nil {
			l = newLine()
			lines[op] = l
		}
		err := operations[op](ctx, w.c, fmt.Sprintf("key:%012d", w.rng.IntN(w.o.keys)), value)
		l.Count++
		if err != nil {
			l.Errors++
			if l.firstFailure == nil {
				l.firstFailure = err
			}
		}
		_ = l.histogram.RecordValue(time.Since(due).Microseconds()) // beyond a minute it is the minute
	}
	return lines
}

func (w *worker) pick() string {
	total := 0
	for _, m := range w.o.mix {
		total += m.share
	}
	n := w.rng.IntN(total)
	for _, m := range w.o.mix {
		if n -= m.share; n < 0 {
			return m.op
		}
	}
	return w.o.mix[0].op
}

func newLine() *loadLine { return &loadLine{histogram: hdrhistogram.New(1, 60_000_000, 3)} }

func merge(lines map[[2]string]*loadLine, region, op string, l *loadLine) {
	all := lines[[2]string{region, op}]
	if all == nil {
		all = newLine()
		all.Region, all.Op = region, op
		lines[[2]string{region, op}] = all
	}
	all.Count += l.Count
	all.Errors += l.Errors
	all.histogram.Merge(l.histogram)
	if all.firstFailure == nil {
		all.firstFailure = l.firstFailure
	}
}

func summarise(o *options, lines map[[2]string]*loadLine, took time.Duration) *loadReport {
	r := &loadReport{Seconds: took.Seconds()}
	for _, t := range o.targets {
		for _, m := range o.mix {
			l := lines[[2]string{t.region, m.op}]
			if l == nil {
				continue
			}
			l.PerSecond = float64(l.Count) / took.Seconds()
			l.P50Micros, l.P99Micros = l.histogram.ValueAtQuantile(50), l.histogram.ValueAtQuantile(99)
			l.P999Micros, l.MaxMicros = l.histogram.ValueAtQuantile(99.9), l.histogram.Max()
			r.Lines = append(r.Lines, *l)
		}
	}
	return r
}
