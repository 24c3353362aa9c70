package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// Names in a backup's directory.
const (
	ManifestName = "MANIFEST"
	DataName     = "data"
)

// Bounds of what a manifest may say.
const (
	manifestBytesMax = 64 << 20
	filesMax         = 1 << 20
	textMax          = 256
)

// ErrManifest: the manifest is not what was written.
var ErrManifest = errors.New("malformed manifest")

// Sum is a SHA-256.
type Sum [sha256.Size]byte

// String returns the sum in hexadecimal.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// Manifest says what a backup holds.
type Manifest struct {
	// Program is the version of the program that made the backup, StoreFormat the version
	// of the format of the files in data/.
	Program     string
	StoreFormat uint64
	// Cluster, Region and Node name the node; NodeID its data directory.
	Cluster, Region, Node, NodeID string
	// Time is when the backup was begun, by the node's clock, in milliseconds.
	Time time.Time
	// Shards ascend by id.
	Shards []Shard
	// Files lists everything in data/, ascending by name.
	Files []File
}

// Shard is the state of one shard.
type Shard struct {
	ID store.ShardID
	// Cells is the number of live cells, Digest the digest over them at the vector that
	// Heads make.
	Cells  uint64
	Digest Sum
	// Heads ascend by origin.
	Heads []Head
}

// Head is how far a shard has come in the updates of one origin.
type Head struct {
	Origin clock.Origin
	Seq    clock.Seq
	Hash   oplog.Hash
}

// File is one file in data/.
type File struct {
	Name string
	Size int64
	Sum  Sum
}

// Bytes is the size of all files.
func (m *Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// Updates is the number of updates in the vectors of all shards.
func (m *Manifest) Updates() (n uint64) {
	for _, s := range m.Shards {
		for _, h := range s.Heads {
			n += uint64(h.Seq)
		}
	}
	return n
}

// firstLine is the version of the format.
const firstLine = "atoll backup 1"

// timeForm has milliseconds always, so that equal times have equal texts.
const timeForm = "2006-01-02T15:04:05.000Z"

// Encode returns the canonical text; docs/formats/backup.md describes it.
func (m *Manifest) Encode() []byte {
	var b strings.Builder
	fmt.Fprintln(&b, firstLine)
	for _, f := range m.fields() {
		fmt.Fprintf(&b, "%s %s\n", f.name, f.text())
	}
	for _, s := range m.Shards {
		fmt.Fprintf(&b, "shard %d %d %s\n", s.ID, s.Cells, s.Digest)
		for _, h := range s.Heads {
			fmt.Fprintf(&b, "head %016x %d %016x\n", uint64(h.Origin), h.Seq, uint64(h.Hash))
		}
	}
	for _, f := range m.Files {
		fmt.Fprintf(&b, "file %s %d %s\n", f.Name, f.Size, f.Sum)
	}
	return fmt.Appendf([]byte(b.String()), "end %s\n", Sum(sha256.Sum256([]byte(b.String()))))
}

// field is one of the single lines after the first.
type field struct {
	name string
	text func() string
	set  func(string) error
}

func (m *Manifest) fields() []field {
	text := func(name string, to *string) field {
		return field{name, func() string { return *to }, func(s string) error { *to = s; return nil }}
	}
	return []field{
		text("program", &m.Program),
		{"store_format", func() string { return strconv.FormatUint(m.StoreFormat, 10) }, func(s string) (err error) {
			m.StoreFormat, err = strconv.ParseUint(s, 10, 64)
			return err
		}},
		text("cluster", &m.Cluster), text("region", &m.Region), text("node", &m.Node), text("node_id", &m.NodeID),
		{"time", func() string { return m.Time.UTC().Format(timeForm) }, func(s string) (err error) {
			m.Time, err = time.Parse(timeForm, s)
			return err
		}},
	}
}

// Decode reads what Encode wrote, and nothing else: what decodes encodes to the same
// bytes. Errors match ErrManifest.
func Decode(b []byte) (*Manifest, error) {
	m, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if string(m.Encode()) != string(b) {
		return nil, fmt.Errorf("%w: not in canonical form", ErrManifest)
	}
	return m, nil
}

func decode(b []byte) (*Manifest, error) {
	if len(b) > manifestBytesMax {
		return nil, fmt.Errorf("%d bytes, more than %d", len(b), manifestBytesMax)
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 3 || lines[len(lines)-1] != "" {
		return nil, errors.New("it ends in the middle")
	}
	if lines[0] != firstLine {
		return nil, fmt.Errorf("it begins with %.40q; this program reads %q", lines[0], firstLine)
	}
	end := lines[len(lines)-2]
	body := b[:len(b)-len(end)-1]
	if sum := Sum(sha256.Sum256(body)); end != "end "+sum.String() {
		return nil, errors.New("its own checksum does not fit: it is damaged or incomplete")
	}
	m := &Manifest{}
	rest := lines[1 : len(lines)-2]
	for _, f := range m.fields() {
		if len(rest) == 0 {
			return nil, fmt.Errorf("no %s", f.name)
		}
		value, ok := strings.CutPrefix(rest[0], f.name+" ")
		if !ok || len(value) > textMax {
			return nil, fmt.Errorf("line %.60q where %s should be", rest[0], f.name)
		}
		if err := f.set(value); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		rest = rest[1:]
	}
	for _, line := range rest {
		if err := m.take(line); err != nil {
			return nil, fmt.Errorf("line %.80q: %w", line, err)
		}
	}
	return m, nil
}

var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// take reads one of the lines that may come in any number.
func (m *Manifest) take(line string) error {
	words := strings.Split(line, " ")
	if len(words) != 4 {
		return errors.New("need four words")
	}
	switch words[0] {
	case "shard":
		return m.takeShard(words)
	case "head":
		return m.takeHead(words)
	case "file":
		return m.takeFile(words)
	}
	return errors.New("unknown kind")
}

func (m *Manifest) takeShard(words []string) error {
	id, err1 := strconv.ParseUint(words[1], 10, 32)
	cells, err2 := strconv.ParseUint(words[2], 10, 64)
	sum, err3 := parseSum(words[3])
	if n := len(m.Shards); n > 0 && m.Shards[n-1].ID >= store.ShardID(id) {
		return errors.New("shards must ascend")
	}
	m.Shards = append(m.Shards, Shard{ID: store.ShardID(id), Cells: cells, Digest: sum})
	return errors.Join(err1, err2, err3)
}

func (m *Manifest) takeHead(words []string) error {
	origin, err1 := strconv.ParseUint(words[1], 16, 64)
	seq, err2 := strconv.ParseUint(words[2], 10, 64)
	hash, err3 := strconv.ParseUint(words[3], 16, 64)
	if len(m.Shards) == 0 {
		return errors.New("no shard before it")
	}
	s := &m.Shards[len(m.Shards)-1]
	if n := len(s.Heads); n > 0 && s.Heads[n-1].Origin >= clock.Origin(origin) {
		return errors.New("origins must ascend")
	}
	if len(s.Heads) >= clock.MaxVectorEntries {
		return errors.New("too many origins")
	}
	s.Heads = append(s.Heads, Head{clock.Origin(origin), clock.Seq(seq), oplog.Hash(hash)})
	return errors.Join(err1, err2, err3)
}

func (m *Manifest) takeFile(words []string) error {
	size, err1 := strconv.ParseInt(words[2], 10, 64)
	sum, err2 := parseSum(words[3])
	switch {
	case !fileName.MatchString(words[1]):
		return errors.New("not a file name")
	case size < 0:
		return errors.New("negative size")
	case len(m.Files) >= filesMax:
		return fmt.Errorf("more than %d files", filesMax)
	case len(m.Files) > 0 && m.Files[len(m.Files)-1].Name >= words[1]:
		return errors.New("files must ascend")
	}
	m.Files = append(m.Files, File{words[1], size, sum})
	return errors.Join(err1, err2)
}

func parseSum(s string) (sum Sum, err error) {
	b, err := hex.DecodeString(s)
	if err == nil && len(b) != len(sum) {
		err = fmt.Errorf("%d bytes of digest", len(b))
	}
	copy(sum[:], b)
	return sum, err
}

// sameShards tells whether two lists describe the same state.
func sameShards(a, b []Shard) bool {
	return slices.EqualFunc(a, b, func(a, b Shard) bool {
		return a.ID == b.ID && a.Cells == b.Cells && a.Digest == b.Digest && slices.Equal(a.Heads, b.Heads)
	})
}
