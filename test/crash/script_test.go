package crash

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// scriptCommands is how many commands a script has, those of other regions included.
const scriptCommands = 200

// step is one thing that a script does: exactly one of these.
type step struct {
	name    string
	cmds    []keyspace.Command
	frame   *oplog.Frame // of another region
	act     func(*store.DB) error
	restart bool

	early   bool  // the frame comes before its context: it waits for the next one
	refused error // what the commands are answered with

	visible model // what can be read after it
}

// model is what readers should see, kept as dumbly as can be: registers and counters as
// text, sets as their members, fields as text by key and name.
type model struct {
	values map[string]string
	sets   map[string]map[string]bool
	fields map[[2]string]string
}

func newModel() model {
	return model{map[string]string{}, map[string]map[string]bool{}, map[[2]string]string{}}
}

func (m model) clone() model {
	c := model{maps.Clone(m.values), map[string]map[string]bool{}, maps.Clone(m.fields)}
	for k, s := range m.sets {
		c.sets[k] = maps.Clone(s)
	}
	return c
}

func (m model) members(key string) []string { return slices.Sorted(maps.Keys(m.sets[key])) }

func (m model) apply(c keyspace.Command) {
	switch c := c.(type) {
	case command.Set:
		m.values[string(c.Key)] = string(c.Value)
	case command.Incr:
		n, _ := strconv.ParseInt(m.values[string(c.Key)], 10, 64)
		m.values[string(c.Key)] = strconv.FormatInt(n+c.Delta, 10)
	case command.ResetCounter:
		delete(m.values, string(c.Key))
	case command.Delete:
		for _, k := range c.List {
			delete(m.values, string(k))
			delete(m.sets, string(k))
			maps.DeleteFunc(m.fields, func(at [2]string, _ string) bool { return at[0] == string(k) })
		}
	case command.HSet:
		for _, f := range c.Fields {
			m.fields[[2]string{string(c.Key), string(f.Field)}] = string(f.Value)
		}
	case command.HIncr:
		at := [2]string{string(c.Key), string(c.Field)}
		n, _ := strconv.ParseInt(m.fields[at], 10, 64)
		m.fields[at] = strconv.FormatInt(n+c.Delta, 10)
	case command.SAdd:
		if m.sets[string(c.Key)] == nil {
			m.sets[string(c.Key)] = map[string]bool{}
		}
		for _, x := range c.Members {
			m.sets[string(c.Key)][string(x)] = true
		}
	case command.SRem:
		for _, x := range c.Members {
			delete(m.sets[string(c.Key)], string(x))
		}
	default:
		panic(fmt.Sprintf("the model does not know %T", c))
	}
}

// writer makes steps and keeps the model beside them.
type writer struct {
	rng   *rand.Rand
	now   model
	steps []step
	count int // commands so far
}

func (w *writer) add(s step) {
	s.visible = w.now.clone()
	w.steps = append(w.steps, s)
}

func (w *writer) local(cmds ...keyspace.Command) {
	var names []string
	for _, c := range cmds {
		w.now.apply(c)
		names = append(names, c.Name())
	}
	w.count += len(cmds)
	w.add(step{name: strings.Join(names, " "), cmds: cmds})
}

func (w *writer) remote(from *elsewhere) {
	f := from.frames[0]
	from.frames = from.frames[1:]
	for _, c := range f.cmds {
		w.now.apply(c)
	}
	w.count += len(f.cmds)
	w.add(step{name: "merge " + from.name, frame: f.frame})
}

// outOfOrder hands in the second frame of a region before the first.
func (w *writer) outOfOrder(from *elsewhere) {
	w.add(step{name: "early frame of " + from.name, frame: from.frames[1].frame, early: true})
	first, second := from.frames[0], from.frames[1]
	from.frames = append([]sent{{first.frame, slices.Concat(first.cmds, second.cmds)}}, from.frames[2:]...)
	w.remote(from)
}

func key(kind string, n int) []byte { return fmt.Append(nil, kind, n) }

// one returns a random command. Other regions (by name) write registers and fields of their
// own, and counters and members that merge with everybody's.
func (w *writer) one(region string) keyspace.Command {
	n := w.rng.IntN(5)
	field := fmt.Append(nil, "f", w.rng.IntN(3))
	switch roll := w.rng.IntN(13); {
	case roll == 10:
		return command.HIncr{Key: key("g", n), Field: field, Delta: int64(w.rng.IntN(100)) - 30}
	case roll == 11 && region == "":
		return command.HIncr{Key: key("h", n), Field: []byte("n"), Delta: 7}
	case roll > 10:
		return command.HSet{Key: key("h"+region, n), Fields: []command.FieldValue{{Field: field, Value: fmt.Append(nil, "value of ", w.count)}}}
	case roll < 3:
		return command.Set{Key: key("r"+region, n), Value: fmt.Append(nil, "value of ", w.count, strings.Repeat("x", w.rng.IntN(900)))}
	case roll < 5:
		return command.Incr{Key: key("n", n), Delta: int64(w.rng.IntN(100)) - 30}
	case roll < 7:
		return command.SAdd{Key: key("s", n), Members: [][]byte{fmt.Append(nil, region, w.rng.IntN(20)), fmt.Append(nil, region, w.rng.IntN(20))}}
	case roll < 8 && region == "":
		return command.Delete{List: [][]byte{key("r", n), key("m", n), key("t", n), key("h", n)}}
	case roll < 9 && region == "":
		return command.Incr{Key: key("m", n), Delta: 7}
	default:
		return command.SAdd{Key: key("t"+region, n), Members: [][]byte{fmt.Append(nil, w.rng.IntN(6)), []byte("always")}}
	}
}

// newScript returns the same script for the same seed.
func newScript(t *testing.T, seed uint64) []step {
	t.Helper()
	w := &writer{rng: rand.New(rand.NewPCG(seed, 1)), now: newModel()}
	eu := newElsewhere(t, "eu", 0xe0)
	eu.write(t, w, 12)
	ap := newElsewhere(t, "ap", 0xa0)
	ap.merge(t, eu.frames) // what it writes needs what eu wrote
	ap.write(t, w, 10)
	w.count = 0
	for turn := 0; w.count < scriptCommands; turn++ {
		w.turn(turn, eu, ap)
	}
	return w.steps
}

func (w *writer) turn(turn int, eu, ap *elsewhere) {
	switch {
	case turn == 30 || turn == 90:
		w.local(command.Set{Key: []byte("big"), Value: fmt.Append(nil, turn, strings.Repeat("big", memTableBytes/2))})
	case turn == 60:
		w.add(step{name: "restart", restart: true})
	case turn%25 == 20:
		w.add(step{name: "truncate", act: truncateHalf})
	case turn%45 == 40:
		w.add(step{name: "checkpoint", act: checkpoint})
	case turn%25 == 11:
		w.add(step{name: "refused", cmds: []keyspace.Command{command.Set{Key: []byte("never"), Value: []byte("x")}, command.Incr{Key: []byte("never"), Delta: 1}}, refused: keyspace.ErrNotInteger})
	case turn == 16:
		w.outOfOrder(eu)
	case turn%4 == 1 && len(eu.frames) > 0:
		w.remote(eu)
	case turn%4 == 2 && len(eu.frames) == 0 && len(ap.frames) > 0:
		w.remote(ap)
	case turn%9 == 0:
		w.local(w.one(""), w.one(""), command.SRem{Key: key("s", turn%5), Members: [][]byte{fmt.Append(nil, turn%20), fmt.Append(nil, turn%7)}}, w.one(""))
	case turn%9 == 4:
		w.local(command.Incr{Key: key("m", turn%5), Delta: 1}, command.ResetCounter{Key: key("m", turn%5)})
	default:
		w.local(w.one(""))
	}
}

// truncateHalf forgets the older half of every origin's records.
func truncateHalf(db *store.DB) error {
	heads, err := db.Heads(0)
	if err != nil {
		return err
	}
	var upTo clock.VersionVector
	for _, h := range heads {
		if h.Seq > 1 {
			upTo.Advance(h.Origin, h.Seq/2)
		}
	}
	return db.Log(0).Truncate(upTo)
}

// checkpoint flushes, links every table and drops the copy again.
func checkpoint(db *store.DB) error {
	_, release, err := db.Checkpoint()
	if err != nil {
		return err
	}
	return release()
}

// sent is a frame with the commands that made it.
type sent struct {
	frame *oplog.Frame
	cmds  []keyspace.Command
}

// elsewhere is another region: a core over a store of its own.
type elsewhere struct {
	name   string
	db     *store.DB
	core   *keyspace.Core
	frames []sent
}

func newElsewhere(t *testing.T, name string, origin clock.Origin) *elsewhere {
	t.Helper()
	db, err := store.Open(storeOptions(vfs.NewMem()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	core := keyspace.NewCore(keyspace.CoreConfig{
		Region: name, Node: "n1", NewOrigin: func() clock.Origin { return origin },
	}, db, nil, clock.NewHLC(still(0), 0))
	return &elsewhere{name: name, db: db, core: core}
}

// write makes as many frames, of one to three records each.
func (e *elsewhere) write(t *testing.T, w *writer, frames int) {
	t.Helper()
	for range frames {
		var all []keyspace.Command
		for range 1 + w.rng.IntN(3) {
			c := w.one(e.name)
			if _, _, err := e.core.Execute([]keyspace.Command{c}); err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		for _, f := range e.commit(t) {
			e.frames = append(e.frames, sent{f, all})
		}
	}
}

func (e *elsewhere) merge(t *testing.T, frames []sent) {
	t.Helper()
	for _, f := range frames {
		e.core.Merge(f.frame, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	e.commit(t)
}

func (e *elsewhere) commit(t *testing.T) []*oplog.Frame {
	t.Helper()
	c := e.core.Seal()
	if _, err := e.db.Apply(c); err != nil {
		t.Fatal(err)
	}
	return c.Frames
}

// still is a clock that stands still, so that every run issues the same stamps. It is
// some time behind the others.
type still time.Duration

func (s still) Read() (int64, time.Duration) {
	return (1_700_000_000*time.Second - time.Duration(s)).Milliseconds(), 0
}
