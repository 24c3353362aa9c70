package keyspace_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// A transaction writes the same number to many keys. Whoever reads several of them sees one number, and
// never an older one than he saw before: what is kept in memory belongs to the state that is read.
func TestCachedCellsAreOfTheStateThatIsRead(t *testing.T) {
	n := start(t, vfs.NewMem(), "us")
	keys, rounds := 2000, 300
	if testing.Short() {
		rounds = 60
	}
	name := func(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }
	write := func(round int) {
		var cmds []keyspace.Command
		for i := range keys {
			if i%10 == round%10 || i < 50 {
				cmds = append(cmds, command.Set{Key: name(i), Value: fmt.Appendf(nil, "%d", round)})
			}
		}
		do(t, n, cmds...)
	}
	ctx, stop := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			last := -1
			for ctx.Err() == nil {
				a, b, far := rand.IntN(50), rand.IntN(50), 50+rand.IntN(keys-50)
				r, err := n.Read(context.Background(), command.MGet{List: [][]byte{name(a), name(far), name(b)}})
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(r.List[0], r.List[2]) {
					t.Errorf("one transaction wrote %q and %q", r.List[0], r.List[2])
				}
				var now int
				if fmt.Sscan(string(r.List[0]), &now); now < last {
					t.Errorf("read %d after %d", now, last)
				}
				last = now
			}
		})
	}
	for round := range rounds {
		write(round)
	}
	stop()
	readers.Wait()
	for i := range keys {
		want := rounds - 1
		for i >= 50 && want%10 != i%10 {
			want--
		}
		r, err := n.Read(context.Background(), command.Get{Key: name(i)})
		if err != nil || string(r.Value) != fmt.Sprint(want) {
			t.Fatalf("%s is %q (%v), want %d", name(i), r.Value, err, want)
		}
	}
}
