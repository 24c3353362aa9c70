package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// resp is the address of a region's node for clients of Redis.
func (c *cluster) resp(region string) string {
	host, port, _ := strings.Cut(c.addr(region), ":")
	n, err := strconv.Atoi(port)
	ok(c.t, err)
	return fmt.Sprintf("%s:%d", host, n+1)
}

// redis returns a go-redis client of a region's node.
func (c *cluster) redis(region string, version int) *redis.Client {
	c.t.Helper()
	cl := redis.NewClient(&redis.Options{Addr: c.resp(region), Protocol: version, MaxRetries: -1, ReadTimeout: time.Minute})
	c.t.Cleanup(func() { _ = cl.Close() })
	return cl
}

// TestRedisClientsInEveryRegion writes through the Redis door of one region and reads in the others, by it
// and by gRPC.
func TestRedisClientsInEveryRegion(t *testing.T) {
	c := start(t, []string{"us", "eu", "ap"})
	ctx := t.Context()
	for _, version := range []int{2, 3} {
		us, eu := c.redis("us", version), c.redis("eu", version)
		key := func(name string) string { return fmt.Sprintf("%s:%d", name, version) }
		ok(t, us.Set(ctx, key("greeting"), "hello", 0).Err())
		ok(t, us.SAdd(ctx, key("cart"), "apple", "pear").Err())
		eventually(t, "eu has them", func() bool {
			n, err := eu.Exists(ctx, key("greeting"), key("cart")).Result()
			ok(t, err)
			return n == 2
		})
		if got := get(t, c.at("eu"), key("greeting")); got != "hello" {
			t.Errorf("by gRPC: %q", got)
		}
		if got := members(t, c.at("eu"), key("cart")); got != "apple pear" {
			t.Errorf("by gRPC: %q", got)
		}
		transact(ctx, t, us, key)
		concurrent(ctx, t, c, us, eu, key)
		scanAll(ctx, t, eu, key)
		hashes(ctx, t, c, us, eu, key)
		combined(ctx, t, us, key)
		moved(ctx, t, c, us, eu, key)
	}
	_, err := c.redis("us", 3).Eval(ctx, "return 1", nil).Result()
	if err == nil || !strings.Contains(err.Error(), "not supported by this server") {
		t.Errorf("EVAL: %v", err)
	}
}

// transact runs MULTI and a pipeline.
func transact(ctx context.Context, t *testing.T, cl *redis.Client, key func(string) string) {
	t.Helper()
	var n *redis.IntCmd
	_, err := cl.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, key("n"), 10, 0)
		n = p.Incr(ctx, key("n"))
		p.SAdd(ctx, key("n"), "x")
		return nil
	})
	if n.Val() != 11 || err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE ") {
		t.Errorf("MULTI: %d, %v", n.Val(), err)
	}
	commands, err := cl.Pipelined(ctx, func(p redis.Pipeliner) error {
		for range 500 {
			p.Incr(ctx, key("m"))
		}
		return nil
	})
	if err != nil || commands[499].(*redis.IntCmd).Val() != 500 {
		t.Errorf("pipeline: %v", err)
	}
	if _, err := cl.Get(ctx, key("none")).Result(); !errors.Is(err, redis.Nil) {
		t.Errorf("GET of nothing: %v", err)
	}
}

// concurrent writes on both sides of a cut link.
func concurrent(ctx context.Context, t *testing.T, c *cluster, us, eu *redis.Client, key func(string) string) {
	t.Helper()
	c.converge()
	c.isolate()
	ok(t, us.IncrBy(ctx, key("visits"), 7).Err())
	ok(t, eu.IncrBy(ctx, key("visits"), 3).Err())
	ok(t, us.SRem(ctx, key("cart"), "apple").Err())
	ok(t, eu.SAdd(ctx, key("cart"), "apple", "plum").Err())
	for _, cl := range []*redis.Client{us, eu} {
		if set, err := cl.SetNX(ctx, key("lock"), cl.Options().Addr, 0).Result(); err != nil || !set {
			t.Errorf("SETNX: %v, %v", set, err) // in both: it is no lock, and docs/redis.md says so
		}
	}
	c.heal()
	c.converge()
	for _, cl := range []*redis.Client{us, eu} {
		if n, err := cl.Get(ctx, key("visits")).Int(); err != nil || n != 10 {
			t.Errorf("visits: %d, %v", n, err)
		}
		if list, err := cl.SMembers(ctx, key("cart")).Result(); err != nil || strings.Join(list, " ") != "apple pear plum" {
			t.Errorf("cart: %v, %v", list, err)
		}
		siblings, err := cl.Do(ctx, "ATOLL.SIBLINGS", key("lock")).Slice()
		if err != nil || len(siblings) != 2 {
			t.Errorf("siblings: %v, %v", siblings, err)
		}
	}
}

// hashes follows the rows for hashes of docs/consistency.md, and a field that one side deletes.
func hashes(ctx context.Context, t *testing.T, c *cluster, us, eu *redis.Client, key func(string) string) {
	t.Helper()
	ap, user := c.redis("ap", us.Options().Protocol), key("user")
	ok(t, us.HSet(ctx, user, "name", "ada", "city", "london", "age", 36).Err())
	c.converge()
	c.isolate()
	ok(t, us.HSet(ctx, user, "mail", "a@x").Err())
	ok(t, eu.HSet(ctx, user, "phone", "1").Err())
	for _, cl := range []*redis.Client{us, eu, ap} {
		ok(t, cl.HIncrBy(ctx, user, "visits", 2).Err())
	}
	ok(t, us.HIncrBy(ctx, user, "age", 1).Err())
	ok(t, us.HDel(ctx, user, "city", "name").Err())
	ok(t, eu.HSet(ctx, user, "city", "paris").Err())
	if set, err := ap.HSetNX(ctx, user, "name", "never").Result(); err != nil || set {
		t.Errorf("HSETNX: %v, %v", set, err)
	}
	c.heal()
	c.converge()
	want := map[string]string{"mail": "a@x", "phone": "1", "visits": "6", "age": "37", "city": "paris"}
	for _, cl := range []*redis.Client{us, eu, ap} {
		if got, err := cl.HGetAll(ctx, user).Result(); err != nil || !maps.Equal(got, want) {
			t.Errorf("HGETALL: %v, %v", got, err)
		}
	}
	n := 0
	for it := eu.HScan(ctx, user, 0, "*", 2).Iterator(); it.Next(ctx); {
		n++
	}
	if n != 2*len(want) {
		t.Errorf("HSCAN: %d names and values", n)
	}
	picked, err := us.HRandFieldWithValues(ctx, user, 2).Result()
	if err != nil || len(picked) != 2 || want[picked[0].Key] != picked[0].Value {
		t.Errorf("HRANDFIELD: %v, %v", picked, err)
	}
}

// combined uses the commands on several sets.
func combined(ctx context.Context, t *testing.T, cl *redis.Client, key func(string) string) {
	t.Helper()
	ok(t, cl.SAdd(ctx, key("left"), "a", "b", "c").Err())
	ok(t, cl.SAdd(ctx, key("right"), "b", "c", "d").Err())
	for name, got := range map[string]*redis.StringSliceCmd{
		"b c": cl.SInter(ctx, key("left"), key("right")), "a b c d": cl.SUnion(ctx, key("left"), key("right")), "a": cl.SDiff(ctx, key("left"), key("right")),
	} {
		list, err := got.Result()
		if slices.Sort(list); err != nil || strings.Join(list, " ") != name {
			t.Errorf("%v: %v, %v", got.Args(), list, err)
		}
	}
	if n, err := cl.SInterStore(ctx, key("both"), key("left"), key("right")).Result(); err != nil || n != 2 {
		t.Errorf("SINTERSTORE: %d, %v", n, err)
	}
	if moved, err := cl.SMove(ctx, key("left"), key("right"), "a").Result(); err != nil || !moved {
		t.Errorf("SMOVE: %v, %v", moved, err)
	}
	if list, err := cl.SRandMemberN(ctx, key("right"), 10).Result(); err != nil || len(list) != 4 {
		t.Errorf("SRANDMEMBER: %v, %v", list, err)
	}
}

// moved follows the rows for moving and storing of docs/consistency.md.
func moved(ctx context.Context, t *testing.T, c *cluster, us, eu *redis.Client, key func(string) string) {
	t.Helper()
	ap := c.redis("ap", us.Options().Protocol)
	ok(t, us.SAdd(ctx, key("a"), "x", "y").Err())
	ok(t, us.SAdd(ctx, key("into"), "old").Err())
	c.converge()
	c.isolate()
	for cl, to := range map[*redis.Client]string{us: "b", eu: "c"} {
		if done, err := cl.SMove(ctx, key("a"), key(to), "x").Result(); err != nil || !done {
			t.Errorf("SMOVE to %s: %v, %v", to, done, err)
		}
	}
	ok(t, us.SUnionStore(ctx, key("into"), key("a"), key("b")).Err())
	ok(t, ap.SAdd(ctx, key("into"), "new").Err())
	ok(t, ap.SAdd(ctx, key("a"), "x", "late").Err())
	c.heal()
	c.converge()
	for _, cl := range []*redis.Client{us, eu, ap} {
		for name, want := range map[string]string{"a": "late x y", "b": "x", "c": "x", "into": "new x y"} {
			if list, err := cl.SMembers(ctx, key(name)).Result(); err != nil || strings.Join(list, " ") != want {
				t.Errorf("%s: %v, %v, want %s", name, list, err, want)
			}
		}
	}
}

func scanAll(ctx context.Context, t *testing.T, cl *redis.Client, key func(string) string) {
	t.Helper()
	var found []string
	for it := cl.Scan(ctx, 0, key("*"), 2).Iterator(); it.Next(ctx); {
		found = append(found, it.Val())
	}
	slices.Sort(found)
	want := []string{key("cart"), key("greeting"), key("lock"), key("m"), key("n"), key("visits")}
	if slices.Sort(want); !slices.Equal(found, want) {
		t.Errorf("SCAN: %v, want %v", found, want)
	}
}

// TestRedisTools runs the programs that come with Redis, where they are.
func TestRedisTools(t *testing.T) {
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("NOT CHECKED: there is no redis-cli on this machine")
	}
	bench, err := exec.LookPath("redis-benchmark")
	if err != nil {
		t.Skip("NOT CHECKED: there is no redis-benchmark on this machine")
	}
	c := start(t, []string{"us"})
	_, port, _ := strings.Cut(c.resp("us"), ":")
	for _, run := range []struct {
		stdin, want string
		args        []string
	}{
		{"", "OK", []string{cli, "-p", port, "SET", "k", "v"}},
		{"", "\"v\"", []string{cli, "-3", "--no-raw", "-p", port, "GET", "k"}},
		{"SET j 1\nINCR j\nMULTI\nINCR j\nGET k\nEXEC\n", "2", []string{cli, "-p", port}},
		{strings.Repeat("*3\r\n$4\r\nSADD\r\n$1\r\ns\r\n$1\r\nx\r\n", 1000), "errors: 0, replies: 1000", []string{cli, "-p", port, "--pipe"}},
		{"", "k", []string{cli, "-p", port, "--scan", "--pattern", "k*"}},
		{"HSET h f 1 g 2\nHINCRBY h f 4\nHGETALL h\n", "5", []string{cli, "-p", port}},
		{"", "1# \"f\" => \"5\"", []string{cli, "-3", "--no-raw", "-p", port, "HGETALL", "h"}},
		{"SADD x a b\nSADD y b c\nSUNIONSTORE z x y\nSINTER x y z\n", "3\nb", []string{cli, "-p", port}},
		{"", "OK", []string{cli, "-p", port, "-n", "3", "SET", "k", "three"}},
		{"", "three", []string{cli, "-p", port, "-n", "3", "GET", "k"}},
		{"SELECT 3\nMOVE k 5\nSELECT 5\nGET k\nATOLL.NAMESPACE orders\nGET k\nSELECT 0\nGET k\n", "OK\n1\nOK\nthree\nOK\n\nOK\nv", []string{cli, "-p", port}},
		{"", "redis_version:7", []string{cli, "-p", port, "INFO", "server"}},
		{"", "throughput summary", []string{bench, "-p", port, "-t", "ping,set,get,incr,sadd,hset,mset", "-n", "2000", "-c", "8", "-P", "8"}},
	} {
		cmd := exec.CommandContext(t.Context(), run.args[0], run.args[1:]...)
		cmd.Stdin = strings.NewReader(run.stdin)
		out, err := cmd.CombinedOutput()
		text := string(out)
		if strings.HasSuffix(run.args[0], "redis-benchmark") && err == nil && !strings.Contains(text, "rror") {
			continue // what it prints depends on its version
		}
		if err != nil || !strings.Contains(text, run.want) {
			t.Errorf("%s: %v\n%s", filepath.Base(run.args[0])+" "+strings.Join(run.args[3:], " "), err, out)
		}
	}
}
