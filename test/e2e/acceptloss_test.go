package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// TestLossIsAcceptedByCommandOnly: a cut off region wrote keys, and they are damaged in cells and op
// log before anybody has them. It refuses them, and the regions do not agree, until an operator gives up
// what is lost; that is refused while a member is away. Then all regions agree, a key is right or gone,
// and gone everywhere.
func TestLossIsAcceptedByCommandOnly(t *testing.T) {
	c := start(t, three, oneTable)
	const shared = 500 // updates that all have: they are not given up
	for i := range shared {
		ok(t, c.at("us").Register(fmt.Sprint("shared", i%10)).Set(t.Context(), []byte("v")))
	}
	c.converge()
	c.dev("cut", "eu", "us")
	c.dev("cut", "eu", "ap")
	c.fill("eu")
	c.dev("kill", "eu")
	c.dev("start", "eu") // what was in the write-ahead log only is in tables now
	path, size := c.largestTable("eu")
	for at := size / 100; at < size*95/100; at += size / 50 {
		flipByte(t, path, at)
	}
	c.scrub("eu")
	if c.neverWrong("eu") == 0 {
		t.Fatal("nothing is damaged")
	}
	accept := func() (*pb.AcceptLossResponse, error) {
		return pb.NewScrubClient(c.at("eu").Conn()).AcceptLoss(t.Context(), &pb.AcceptLossRequest{})
	}
	if _, err := accept(); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("while nobody can be asked: %v", err)
	}
	c.dev("heal", "eu", "us")
	c.dev("heal", "eu", "ap")
	eventually(t, "the loss is accepted", func() bool {
		m, err := accept()
		for _, line := range m.GetGivenUp() {
			var n int
			_, count, _ := strings.Cut(line, "there were ")
			if _, err := fmt.Sscan(count, &n); err != nil || n == 0 || n > bulk {
				t.Errorf("what others have is given up too: %s", line)
			}
		}
		return err == nil && len(m.GetGivenUp()) > 0
	})
	eventually(t, "all is healed", func() bool { return len(c.scrub("eu").GetOpen()) == 0 })
	c.converge()
	lost := 0
	for i := range bulk {
		key := fmt.Sprintf("bulk%d", i)
		var seen [][]byte
		for _, r := range three {
			v, err := c.at(r).Register(key).Get(t.Context())
			if err != nil && !isNotFound(err) {
				t.Fatalf("%s: %s: %v", r, key, err)
			}
			seen = append(seen, v)
		}
		switch {
		case !bytes.Equal(seen[0], seen[1]) || !bytes.Equal(seen[0], seen[2]):
			t.Errorf("%s differs: %d, %d and %d bytes", key, len(seen[0]), len(seen[1]), len(seen[2]))
		case seen[0] == nil:
			lost++
		case !bytes.Equal(seen[0], bulkValue(key)):
			t.Errorf("%s: %d bytes of something else", key, len(seen[0]))
		}
	}
	t.Logf("%d of %d keys are lost, everywhere", lost, bulk)
	if lost == 0 || lost == bulk {
		t.Errorf("%d of %d keys are lost", lost, bulk)
	}
}
