package verify

import "testing"

func TestWhoIsRight(t *testing.T) {
	const bad = version(99)
	for _, c := range []struct {
		name     string
		versions []version // us (this node), eu, ap; bad: cannot be read
		from     string
		want     Status
		right    int
	}{
		{"two against this node", []version{1, 2, 2}, "", Repairable, 1},
		{"this node lacks the cell and two have it", []version{0, 2, 2}, "", Repairable, 1},
		{"two do not have it", []version{1, 0, 0}, "", Repairable, 1},
		{"two against a peer", []version{1, 1, 2}, "", PeerWrong, 0},
		{"three answers", []version{1, 2, 3}, "", Undecided, 0},
		{"two regions only", []version{1, 2}, "", Undecided, 0},
		{"unreadable here, one peer", []version{bad, 2}, "", Repairable, 1},
		{"unreadable here, the only peer has none", []version{bad, 0}, "", Repairable, 1},
		{"unreadable here, peers agree", []version{bad, 2, 2}, "", Repairable, 1},
		{"unreadable here, peers disagree", []version{bad, 2, 3}, "", Undecided, 0},
		{"unreadable everywhere", []version{bad, bad}, "", Undecided, 0},
		{"unreadable at one peer, equal at the other", []version{1, bad, 1}, "", PeerWrong, 0},
		{"unreadable at the only peer", []version{1, bad}, "", PeerWrong, 0},
		{"unreadable at one peer, different at the other", []version{1, bad, 2}, "", Undecided, 0},
		{"a tie of four", []version{1, 1, 2, 2}, "", Undecided, 0},
		{"by order", []version{1, 2}, "eu", Repairable, 1},
		{"by order, against a majority", []version{1, 1, 3}, "ap", Repairable, 2},
		{"by order, and this node is the region", []version{1, 2, 2}, "us", PeerWrong, 0},
		{"by order, and this node agrees", []version{1, 1, 2}, "eu", PeerWrong, 0},
		{"by order, but unreadable there", []version{1, bad}, "eu", Undecided, 0},
		{"by order of a region that was not compared", []version{1, 2}, "mars", Undecided, 0},
	} {
		var all []holding
		for i, v := range c.versions {
			all = append(all, holding{Identity{Region: []string{"us", "eu", "ap", "sa"}[i]}, v, v == bad})
		}
		if got := judge(all, c.from); got.status != c.want || got.right != c.right {
			t.Errorf("%s: %+v, want %s by %d", c.name, got, c.want, c.right)
		}
	}
}
