package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// scenarios are conversations with three regions, A, B and C. Between two sync lines no
// region hears another; "all" asks every region after a sync. What follows = is the
// reply. A key is one word, made unique for each run.
var scenarios = map[string]string{
	"1 the greater stamp is shown, the other is a sibling": `
		A SET k a
		B SET k b
		sync
		all GET k = b
		all SIBLINGS k = b a
		C SET k c
		sync
		all SIBLINGS k = c`,
	"2 who saw a write overrides it": `
		A SET k a
		sync
		B SET k b
		sync
		all SIBLINGS k = b`,
	"3 increments add up": `
		A INCRBY n 7 = 7
		B INCRBY n 3 = 3
		sync
		all GET n = 10
		A INCRBY n -3 = 7
		B INCRBY n 6 = 16
		sync
		all GET n = 13`,
	"4 a delete takes the increments that it saw": `
		A INCRBY n 5
		sync
		A DEL n = 1
		B INCRBY n 2 = 7
		sync
		all GET n = 2
		B DEL n = 1
		C DEL n = 1
		sync
		all GET n =
		A INCRBY n 1 = 1
		sync
		all GET n = 1`,
	"4b a reset takes the increments that it saw": `
		A INCRBY n 5
		sync
		A RESET n = 5
		B RESET n = 5
		C INCRBY n 3 = 8
		sync
		all GET n = 3`,
	"5 an increment beside a SET adds to it": `
		A SET n 10
		B INCRBY n 1 = 1
		sync
		all GET n = 11
		A SET n 100
		sync
		all GET n = 100`,
	"6 a remove takes only what it saw": `
		A SADD s a b = 2
		sync
		A SREM s a = 1
		B SADD s c = 1
		A SREM s c = 0
		sync
		all SMEMBERS s = b c
		all SCARD s = 2`,
	"7 an add beside two removes stays": `
		A SADD s x
		sync
		A SREM s x = 1
		B SADD s x = 0
		C SREM s x = 1
		sync
		all SMEMBERS s = x`,
	"8 an add beside a delete stays alone": `
		A SADD s a b c d = 4
		sync
		A DEL s = 1
		B SADD s y = 1
		sync
		all SMEMBERS s = y
		all SCARD s = 1`,
	"12 a delete beside an add, the other way round": `
		A SADD s x
		sync
		A SADD s y = 1
		B DEL s = 1
		sync
		all SMEMBERS s = y`,
	"16 two types of one key": `
		A SET k v
		B SADD k m
		sync
		all SMEMBERS k = m
		all GET k = WRONGTYPE
		C DEL k = 1
		sync
		all SMEMBERS k =
		all EXISTS k = 0`,
	"16b a hidden type shows when the other is deleted unseen": `
		B SADD k m
		A SET k v
		A DEL k = 1
		sync
		all SMEMBERS k = m`,
	"16c the later type hides the earlier, and what hid it is deleted": `
		A SADD k m
		B SET k v
		sync
		all GET k = v
		all SADD k x = WRONGTYPE
		C DEL k = 1
		A SADD k n = WRONGTYPE
		sync
		all EXISTS k = 0`,
	"13 fields merge, and a write of a field survives its deletion": `
		A HSET h f 1 = 1
		B HSET h g 2 = 1
		C HINCRBY h n 3 = 3
		sync
		all HGETALL h = f 1 g 2 n 3
		all HLEN h = 3
		A HDEL h f = 1
		B HSET h f 9 = 0
		sync
		all HGET h f = 9
		all HGETALL h = f 9 g 2 n 3`,
	"13b two writes of one field": `
		A HSET h f a
		B HSET h f b
		sync
		all HGET h f = b
		C HSET h f c = 0
		sync
		all HGETALL h = f c`,
	"13c a field of a hash beside a DEL": `
		A HSET h f 1
		B HINCRBY h n 5 = 5
		sync
		A DEL h = 1
		B HINCRBY h n 2 = 7
		C HSET h g 3 = 1
		sync
		all HGETALL h = g 3 n 2
		all HLEN h = 2
		B DEL h = 1
		sync
		all EXISTS h = 0`,
	"13d increments of a field beside HSET and HDEL": `
		A HINCRBY h n 5 = 5
		sync
		A HSET h n 10 = 0
		B HINCRBY h n 1 = 6
		C HINCRBY h n 2 = 7
		sync
		all HGET h n = 13
		A HDEL h n = 1
		B HINCRBY h n 4 = 17
		sync
		all HGETALL h = n 4`,
	"25 three types of one key": `
		A SET k v
		B SADD k m
		C HSET k f 1
		sync
		all HGETALL k = f 1
		all GET k = WRONGTYPE
		all SADD k x = WRONGTYPE
		A DEL k = 1
		sync
		all EXISTS k = 0`,
	"25b a hidden set shows when the hash is deleted unseen": `
		B SADD k m
		C HSET k f 1
		C DEL k = 1
		sync
		all SMEMBERS k = m
		all HLEN k = WRONGTYPE`,
	"a DEL beside two SETs": `
		A SET k old
		sync
		A DEL k = 1
		B SET k b
		C SET k c
		sync
		all GET k = c
		all SIBLINGS k = c b`,
	"put, put, delete beside a put": `
		A SET k 1
		A SET k 2
		A DEL k = 1
		B SET k 3
		sync
		all SIBLINGS k = 3`,
	"transactions beside each other": `
		A TXN x 1
		B TXN x 2
		C TXN x 3
		sync
		all GET x = 3
		all SIBLINGS x = 3 2 1
		all GET xn = 3
		all SMEMBERS xs = 1 2 3`,
}

// order is how links come back. A first one-way cut lets one region hear one other
// before anything else happens.
type order struct {
	links  [3]string
	oneWay bool
}

func (o order) String() string {
	if o.oneWay {
		return o.links[0] + " one way first"
	}
	return strings.Join(o.links[:], ", ")
}

// orders are all orders of the three links, and all six directed links first.
func orders() []order {
	links := []string{"us-eu", "us-ap", "eu-ap"}
	var all []order
	for i, first := range links {
		a, b := links[(i+1)%3], links[(i+2)%3]
		from, to, _ := strings.Cut(first, "-")
		all = append(all, order{[3]string{first, a, b}, false}, order{[3]string{first, b, a}, false},
			order{[3]string{first, a, b}, true}, order{[3]string{to + "-" + from, b, a}, true})
	}
	return all
}

// TestScenarios plays every scenario in every order in which links can come back. All
// of them are played side by side, on keys of their own: sync means all of them.
func TestScenarios(t *testing.T) {
	c := start(t, three)
	for i, o := range orders() {
		t.Run(o.String(), func(t *testing.T) {
			c := *c
			c.t = t
			c.play(fmt.Sprintf("%d:", i), o)
		})
	}
}

// play runs all scenarios, phase by phase.
func (c *cluster) play(run string, o order) {
	type script struct {
		name   string
		phases []string
	}
	var scripts []script
	longest := 0
	for name, text := range scenarios {
		s := script{name, strings.Split(text, "sync\n")}
		scripts = append(scripts, s)
		longest = max(longest, len(s.phases))
	}
	slices.SortFunc(scripts, func(a, b script) int { return strings.Compare(a.name, b.name) })
	for phase := range longest {
		c.isolate()
		c.awaitCut()
		for _, region := range three {
			ok(c.t, c.at(region).Register(run+"mark-"+region).Set(c.t.Context(), []byte(strconv.Itoa(phase))))
		}
		for _, s := range scripts {
			if phase < len(s.phases) {
				number, _, _ := strings.Cut(s.name, " ")
				c.perform(s.name, run+number+":", s.phases[phase])
			}
		}
		c.apart(run, strconv.Itoa(phase))
		if phase < 3 {
			c.rejoin(o)
			continue
		}
		c.heal() // few scenarios are left, none with more to deliver
		c.converge()
	}
}

// perform does one phase of one scenario.
func (c *cluster) perform(name, prefix, phase string) {
	c.t.Helper()
	for line := range strings.Lines(strings.TrimSpace(phase)) {
		command, want, judged := strings.Cut(strings.TrimSpace(line), " =")
		words := strings.Fields(command)
		at := map[string][]string{"A": {"us"}, "B": {"eu"}, "C": {"ap"}, "all": three}[words[0]]
		for _, region := range at {
			got := c.do(region, words[1], prefix+words[2], words[3:])
			if judged && got != strings.TrimSpace(want) {
				c.t.Errorf("%s: %s: %s in %s gives %q, want %q", name, line, command, region, got, strings.TrimSpace(want))
			}
		}
		if words[0] != "all" {
			time.Sleep(2 * time.Millisecond) // the next line has a later stamp, wherever it runs
		}
	}
}

// do runs a command and writes its reply as one line.
func (c *cluster) do(region, command, key string, args []string) string {
	c.t.Helper()
	cl, ctx := c.at(region), c.t.Context()
	var n int64
	var err error
	switch command {
	case "SET":
		err = cl.Register(key).Set(ctx, []byte(args[0]))
	case "GET":
		var v []byte
		if v, err = cl.Register(key).Get(ctx); err == nil || isNotFound(err) {
			return string(v)
		}
	case "SIBLINGS":
		var list []client.Sibling
		list, err = cl.Register(key).Siblings(ctx)
		var values []string
		for _, s := range list {
			values = append(values, string(s.Value))
		}
		if err == nil {
			return strings.Join(values, " ")
		}
	case "HGET", "HGETALL":
		return fields(c.t, cl, key, args)
	case "HSET":
		var added bool
		if added, err = cl.Hash(key).Set(ctx, args[0], []byte(args[1])); added {
			n = 1
		}
	case "HINCRBY":
		delta, _ := strconv.ParseInt(args[1], 10, 64) // of the table above
		n, err = cl.Hash(key).Incr(ctx, args[0], delta)
	case "HDEL":
		n, err = cl.Hash(key).Remove(ctx, args...)
	case "HLEN":
		n, err = cl.Hash(key).Len(ctx)
	case "SMEMBERS":
		return members(c.t, cl, key)
	case "TXN":
		_, err = cl.Txn().Set(key, []byte(args[0])).Incr(key+"n", 1).SAdd(key+"s", args[0]).Commit(ctx)
	case "INCRBY":
		delta, _ := strconv.ParseInt(args[0], 10, 64) // of the table above
		n, err = cl.Counter(key).Incr(ctx, delta)
	case "RESET":
		n, err = cl.Counter(key).Reset(ctx)
	case "DEL":
		n, err = cl.Delete(ctx, key)
	case "EXISTS":
		n, err = cl.Exists(ctx, key)
	case "SADD":
		n, err = cl.Set(key).Add(ctx, args...)
	case "SREM":
		n, err = cl.Set(key).Remove(ctx, args...)
	case "SCARD":
		n, err = cl.Set(key).Len(ctx)
	default:
		c.t.Fatalf("no command %q", command)
	}
	if isWrongType(err) {
		return "WRONGTYPE"
	}
	ok(c.t, err)
	return strconv.FormatInt(n, 10)
}

// fields returns a field's value, or all fields with their values.
func fields(t *testing.T, cl *client.Client, key string, names []string) string {
	t.Helper()
	if len(names) == 1 {
		v, err := cl.Hash(key).Get(t.Context(), names[0])
		if !isNotFound(err) {
			ok(t, err)
		}
		return string(v)
	}
	var out []string
	for f, err := range cl.Hash(key).All(t.Context()) {
		if isWrongType(err) {
			return "WRONGTYPE"
		}
		ok(t, err)
		out = append(out, f.Name, string(f.Value))
	}
	return strings.Join(out, " ")
}

// awaitCut returns when no stream is open.
func (c *cluster) awaitCut() {
	c.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, region := range c.regions {
		for {
			st, err := c.at(region).Admin().Status(c.t.Context(), &pb.StatusRequest{})
			ok(c.t, err)
			if !slices.ContainsFunc(st.GetPeers(), func(p *pb.PeerStatus) bool { return p.GetState() != "cut" }) {
				break
			}
			if time.Now().After(deadline) {
				c.t.Fatalf("%s still hears somebody: %v", region, st.GetPeers())
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// apart checks that the cuts held: nobody saw what another region wrote in this phase.
func (c *cluster) apart(run, phase string) {
	c.t.Helper()
	for _, region := range three {
		for _, other := range three {
			if v := get(c.t, c.at(region), run+"mark-"+other); (v == phase) != (region == other) {
				c.t.Fatalf("%s sees %q written in %s in phase %s: the cuts do not hold", region, v, other, phase)
			}
		}
	}
}

// rejoin brings the links back in an order, and lets each take effect before the next.
func (c *cluster) rejoin(o order) {
	c.t.Helper()
	for i, link := range o.links {
		a, b, _ := strings.Cut(link, "-")
		c.dev("heal", a, b)
		switch {
		case i == 0 && o.oneWay:
			c.dev("cut", b, a, "--one-way") // a hears b, b does not hear a
			c.awaitSeen(a, b)
		case i == 0:
			c.convergeOf([]string{a, b})
		case i == 1 && o.oneWay:
			c.awaitSeen(b, a)
		default:
			c.converge()
		}
	}
	c.heal()
	c.converge()
}

// awaitSeen returns when a region holds all that another one holds now.
func (c *cluster) awaitSeen(region, other string) {
	c.t.Helper()
	want := c.vector(other)
	deadline := time.Now().Add(20 * time.Second)
	for {
		have := c.vector(region)
		missing := false
		for origin, seq := range want {
			missing = missing || have[origin] < seq
		}
		if !missing {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s has %v of %s's %v", region, have, other, want)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (c *cluster) vector(region string) map[uint64]uint64 {
	c.t.Helper()
	d, err := c.at(region).Admin().Digest(c.t.Context(), &pb.DigestRequest{})
	ok(c.t, err)
	v := map[uint64]uint64{}
	for _, s := range d.GetShards() {
		for _, e := range s.GetVector() {
			v[e.GetOrigin()] = e.GetSeq()
		}
	}
	return v
}
