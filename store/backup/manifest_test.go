package backup

import (
	"crypto/sha256"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample is what testdata/manifest.txt holds.
func sample() *Manifest {
	sum := func(first byte) (s Sum) { s[0], s[31] = first, 0xff; return s }
	return &Manifest{
		Program: "v0.2.0", StoreFormat: 24, Cluster: "atoll", Region: "eu", Node: "n1", NodeID: "0123456789abcdef0123456789abcdef",
		Time: time.UnixMilli(1_700_000_000_120).UTC(),
		Shards: []Shard{{Cells: 3, Digest: sum(1), Heads: []Head{
			{Origin: 0x11, Seq: 7, Hash: 0xdead}, {Origin: 0x22, Seq: 300, Hash: 0xbeef},
		}}},
		Files: []File{{"000012.sst", 1024, sum(2)}, {"MANIFEST-000001", 0, sum(3)}},
	}
}

func TestTheBytesOfAManifestStayTheSame(t *testing.T) {
	golden, err := os.ReadFile("testdata/manifest.txt")
	check(t, err)
	if d := cmp.Diff(string(golden), string(sample().Encode())); d != "" {
		t.Error(d)
	}
	m, err := Decode(golden)
	check(t, err)
	if d := cmp.Diff(sample(), m); d != "" {
		t.Error(d)
	}
	if m.Bytes() != 1024 || m.Updates() != 307 {
		t.Errorf("%d bytes, %d updates", m.Bytes(), m.Updates())
	}
}

func TestMalformedManifestsAreRefused(t *testing.T) {
	text := string(sample().Encode())
	body := text[:strings.Index(text, "end ")]
	change := func(old, new string) string { return strings.Replace(body, old, new, 1) }
	for name, b := range map[string]string{
		"empty":                 "",
		"another version":       change("atoll backup 1", "atoll backup 2"),
		"a field is missing":    change("region eu\n", ""),
		"no number":             change("store_format 24", "store_format x"),
		"not canonical":         change("store_format 24", "store_format 024"),
		"no time":               change("2023", "x023"),
		"a way out":             change("000012.sst", "../000012.sst"),
		"a hidden file":         change("000012.sst", ".sst"),
		"files not in order":    change("000012.sst", "Z.sst"),
		"negative size":         change("1024", "-1"),
		"origins not in order":  change("head 0000000000000011", "head 0000000000000033"),
		"a head before a shard": change("shard 0", "head 0"),
		"short digest":          change("shard 0 3 01", "shard 0 3 "),
		"an unknown line":       body + "what 1 2 3\n",
		"a long text":           change("v0.2.0", strings.Repeat("v", 300)),
	} {
		sealed := b
		if b != "" {
			sealed = reseal(b)
		}
		if _, err := Decode([]byte(sealed)); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for cut := range len(text) {
		if _, err := Decode([]byte(text[:cut])); !errors.Is(err, ErrManifest) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(string(sample().Encode()))
	f.Fuzz(func(t *testing.T, text string) {
		for _, b := range []string{text, reseal(text)} {
			if m, err := Decode([]byte(b)); err == nil && string(m.Encode()) != b {
				t.Errorf("%q decodes and encodes to %q", b, m.Encode())
			}
		}
	})
}

// reseal adds the checksum that fits.
func reseal(body string) string {
	return body + "end " + Sum(sha256.Sum256([]byte(body))).String() + "\n"
}
