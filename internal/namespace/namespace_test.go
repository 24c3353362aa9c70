package namespace

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryNamespaceIsWrittenInOneWay(t *testing.T) {
	for text, want := range map[string]Name{
		"": Default, "default": Default, "0": Default,
		"1": "1", "9": "9", "15": "15",
		"orders": "orders", "a": "a", "Orders.v2_x-y": "Orders.v2_x-y",
		strings.Repeat("x", MaxBytes): Name(strings.Repeat("x", MaxBytes)),
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"00", "01", "16", "-1", "1a", "15x", "999999999999999999999", " a", "a b", "a\x00", "ä", "_a", ".a", "-a", "a/b", "a:b", "{a}",
		strings.Repeat("x", MaxBytes+1),
	} {
		if got, err := Parse(text); err == nil || !strings.Contains(err.Error(), Form) {
			t.Errorf("Parse(%q) = %q, %v; want an error with the form", text, got, err)
		}
	}
}

func TestNumbersAreNames(t *testing.T) {
	for n := range int64(Numbers) {
		name, ok := Numbered(n)
		if got, has := name.Number(); !ok || !has || int64(got) != n {
			t.Errorf("%d is %q, which is %d, %v", n, name, got, has)
		}
		if again, err := Parse(name.String()); err != nil || again != name {
			t.Errorf("%q is written %q, which is %q, %v", name, name.String(), again, err)
		}
	}
	for _, n := range []int64{-1, Numbers, 1 << 40} {
		if name, ok := Numbered(n); ok {
			t.Errorf("%d is %q", n, name)
		}
	}
	if n, ok := Name("orders").Number(); ok {
		t.Errorf("orders has number %d", n)
	}
}

var names = rapid.SampledFrom([]Name{Default, "1", "2", "15", "a", "b", "ab", "orders", Name(strings.Repeat("x", MaxBytes))})

var users = rapid.Custom(func(t *rapid.T) []byte {
	head := rapid.SampledFrom([]string{"", "\xff", "\xff\x00", "\xff\x01", "\xff\x01a", "\x00", "a"}).Draw(t, "head")
	return append([]byte(head), rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "rest")...)
})

// Law: a full key is that of one namespace and one key, and tells which.
func TestFullKeysTellWhatTheyAreOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, user := names.Draw(t, "name"), users.Draw(t, "user")
		key := n.Key(user)
		if gotName, gotUser := Split(key); gotName != n || !bytes.Equal(gotUser, user) {
			t.Fatalf("%q in %q is %x, which is %q in %q", user, n, key, gotUser, gotName)
		}
		if !Check(key) || Names(key) != (n != Default) {
			t.Fatalf("%x: Check %v, Names %v", key, Check(key), Names(key))
		}
		if n == Default && (len(user) == 0 || user[0] != mark) && !bytes.Equal(key, user) {
			t.Fatalf("%x is not its own full key: %x", user, key)
		}
		n2, user2 := names.Draw(t, "name 2"), users.Draw(t, "user 2")
		if same := n == n2 && bytes.Equal(user, user2); bytes.Equal(key, n2.Key(user2)) != same {
			t.Fatalf("%q in %q and %q in %q: %x, %x", user, n, user2, n2, key, n2.Key(user2))
		}
	})
}

func TestFullKeysSortByNamespace(t *testing.T) {
	list := [][]byte{
		Default.Key(nil), Default.Key([]byte("\x00")), Default.Key([]byte("z")), Default.Key([]byte("\xff")), Default.Key([]byte("\xff\xff")),
		Name("1").Key(nil), Name("1").Key([]byte("\xff")), Name("a").Key([]byte("a")), Name("15").Key([]byte("a")), Name("ab").Key(nil),
	}
	if !slices.IsSortedFunc(list, bytes.Compare) {
		t.Errorf("not in order: %x", list)
	}
}

func TestWhatIsNoFullKeyIsKnown(t *testing.T) {
	for _, key := range []string{"\xff", "\xff\x00", "\xff\x00a", "\xff\x02a", "\xff\x0216", "\xff\x01 key", "\xff\x07defaultkey"} {
		if Check([]byte(key)) {
			t.Errorf("%x passes", key)
		}
	}
}

func TestKeysOfTheDefaultCostNothing(t *testing.T) {
	user := []byte("user:1")
	if n := testing.AllocsPerRun(100, func() { _, _ = Split(Default.Key(user)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
