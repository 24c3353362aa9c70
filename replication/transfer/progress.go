package transfer

import (
	"sync"
	"time"

	"github.com/atollkv/atoll/replication"
)

const (
	// ProgressEvery is how often a transfer that goes on is reported.
	ProgressEvery = 10 * time.Second
	// rateOver is the time over which rates are taken.
	rateOver = 5 * time.Second
)

// Status says how a transfer is doing.
type Status struct {
	// Loading: the node is new and serves nobody before a transfer has ended.
	Loading bool
	// Running: state comes now. Active: a transfer was begun and has not ended; it goes on
	// with the next donor.
	Running, Active bool
	// Donor is whom the present or last transfer is from.
	Donor replication.Identity
	// Done is the part of the keyspace that is merged, 0 to 1; Cells and Total are cells
	// merged and expected; Total is an estimate, 0 while there is none.
	Done         float64
	Cells, Total uint64
	// Bytes came over the present stream.
	Bytes uint64
	// CellsPerSecond and BytesPerSecond are the rates of the last seconds; Left is how long
	// it will take, 0 while unknown.
	CellsPerSecond, BytesPerSecond float64
	Left                           time.Duration
	// Took is how long the present or last transfer runs or ran.
	Took time.Duration
	// Begun, Ended and Failed count transfers; LastError is why the last one broke off.
	Begun, Ended, Failed uint64
	LastError            string
}

// progress watches the transfers of one Fetcher.
type progress struct {
	mu       sync.Mutex
	running  bool
	donor    replication.Identity
	since    time.Duration
	took     time.Duration
	told     time.Duration
	counts   ReceiverCounts
	last     Position // of the last transfer, when it has ended
	samples  []sample
	begun    uint64
	ended    uint64
	failed   uint64
	lastFail string
}

type sample struct {
	at    time.Duration
	done  float64
	cells uint64
	bytes uint64
}

func (p *progress) begin(now time.Duration, donor replication.Identity, at Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running, p.donor, p.since, p.told, p.counts = true, donor, now, now, ReceiverCounts{}
	p.samples = []sample{{at: now, done: at.Done, cells: at.Cells}}
	p.begun++
}

// note remembers what is durable.
func (p *progress) note(now time.Duration, c ReceiverCounts, at Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts = c
	if at.Active {
		p.last = at
	}
	newest := p.samples[len(p.samples)-1].at
	if now-newest < rateOver/16 {
		return
	}
	p.samples = append(p.samples, sample{at: now, done: at.Done, cells: at.Cells, bytes: c.Bytes})
	for len(p.samples) > 2 && now-p.samples[1].at >= rateOver {
		p.samples = p.samples[1:]
	}
}

func (p *progress) end(now time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running, p.took = false, now-p.since
	if err != nil {
		p.failed, p.lastFail = p.failed+1, err.Error()
		return
	}
	p.ended, p.lastFail = p.ended+1, ""
}

// due reports whether progress is to be told now, at most every ProgressEvery.
func (p *progress) due(now time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now-p.told < ProgressEvery {
		return false
	}
	p.told = now
	return true
}

func (p *progress) status(now time.Duration, at Position, loading bool) Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	active := at.Active
	if !active {
		at = p.last // what the last one came to
	}
	s := Status{
		Loading: loading, Active: active, Running: p.running, Donor: p.donor, Took: p.took,
		Done: at.Done, Cells: at.Cells, Bytes: p.counts.Bytes,
		Begun: p.begun, Ended: p.ended, Failed: p.failed, LastError: p.lastFail,
	}
	if at.Done > 0 {
		s.Total = max(at.Cells, uint64(float64(at.Cells)/at.Done))
	}
	if !p.running {
		return s
	}
	s.Took = now - p.since
	first, last := p.samples[0], p.samples[len(p.samples)-1]
	if seconds := (last.at - first.at).Seconds(); seconds > 0 && last.cells >= first.cells {
		s.CellsPerSecond = float64(last.cells-first.cells) / seconds
		s.BytesPerSecond = float64(last.bytes-first.bytes) / seconds
		if moved := last.done - first.done; moved > 0 {
			s.Left = time.Duration((1 - last.done) / moved * seconds * float64(time.Second))
		}
	}
	return s
}
