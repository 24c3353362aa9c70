package resp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// encode makes what a client sends.
func encode(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

// readAll reads commands until an error, which is the last line; ignored ones are "-".
func readAll(r *Reader, l Limits) (out []string) {
	for {
		c, err := r.Read(&l)
		switch {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			return append(out, err.Error())
		case c.Dropped > 0:
			out = append(out, fmt.Sprintf("dropped %d", c.Dropped))
		case c.Refused:
			out = append(out, "refused")
		case len(c.Args) == 0:
			out = append(out, "-")
		default:
			out = append(out, fmt.Sprintf("%q", c.Args))
		}
	}
}

func TestReadByTable(t *testing.T) {
	guest, small := DefaultLimits(), DefaultLimits()
	guest.Guest = true
	small.KeepBytes, small.CommandBytes = 4, 10
	long := strings.Repeat("x", 70<<10)
	for _, c := range []struct {
		name, in string
		limits   *Limits
		want     []string
	}{
		{"a command", encode("SET", "k", "v"), nil, []string{`["SET" "k" "v"]`}},
		{"two commands", encode("GET", "k") + encode("PING"), nil, []string{`["GET" "k"]`, `["PING"]`}},
		{"any bytes", encode("SET", "\x00\r\n\xff", ""), nil, []string{`["SET" "\x00\r\n\xff" ""]`}},
		{"a count that is no number", "*abc\r\n", nil, []string{"Protocol error: invalid multibulk length"}},
		{"a count with a plus sign", "*+1\r\n", nil, []string{"Protocol error: invalid multibulk length"}},
		{"a count with a leading zero", "*01\r\n", nil, []string{"Protocol error: invalid multibulk length"}},
		{"minus zero", "*-0\r\n", nil, []string{"Protocol error: invalid multibulk length"}},
		{"no count", "*\r\n", nil, []string{"Protocol error: invalid multibulk length"}},
		{"a negative count is ignored", "*-5\r\nPING\r\n", nil, []string{"-", `["PING"]`}},
		{"nothing is ignored", "*0\r\n\r\n", nil, []string{"-", "-"}},
		{"too many arguments", "*1048577\r\n", nil, []string{"Protocol error: invalid multibulk length"}},
		{"a count beyond 64 bits", "*99999999999999999999\r\n", nil, []string{"Protocol error: invalid multibulk length"}},
		{"eleven arguments of a guest", "*11\r\n", &guest, []string{"Protocol error: unauthenticated multibulk length"}},
		{"ten arguments of a guest", encode("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"), &guest, []string{`["1" "2" "3" "4" "5" "6" "7" "8" "9" "10"]`}},
		{"a long argument of a guest", "*1\r\n$20000\r\n", &guest, []string{"Protocol error: unauthenticated bulk length"}},
		{"length -1", "*1\r\n$-1\r\n", nil, []string{"Protocol error: invalid bulk length"}},
		{"length -2", "*1\r\n$-2\r\n", nil, []string{"Protocol error: invalid bulk length"}},
		{"a length of 63 bits", "*1\r\n$9223372036854775807\r\n", nil, []string{"Protocol error: invalid bulk length"}},
		{"a length of more than 64 bits", "*1\r\n$99999999999999999999\r\n", nil, []string{"Protocol error: invalid bulk length"}},
		{"a byte more than 512 MiB", "*1\r\n$536870913\r\n", nil, []string{"Protocol error: invalid bulk length"}},
		{"an integer as argument", "*1\r\n:5\r\n", nil, []string{"Protocol error: expected '$', got ':'"}},
		{"an array in an array", "*1\r\n*1\r\n*1\r\n", nil, []string{"Protocol error: expected '$', got '*'"}},
		{"an endless inline command", long, nil, []string{"Protocol error: too big inline request"}},
		{"an inline command that is too long and ends", long + "\r\n", nil, []string{"Protocol error: too big inline request"}},
		{"an endless count", "*" + long, nil, []string{"Protocol error: too big mbulk count string"}},
		{"an endless length", "*1\r\n$" + long, nil, []string{"Protocol error: too big bulk count string"}},
		{"a long inline command", "SET k " + long[:60<<10] + "\n", nil, []string{fmt.Sprintf(`["SET" "k" %q]`, long[:60<<10])}},
		{"no CRLF after an argument", "*1\r\n$4\r\nPINGxx", nil, []string{"Protocol error: expected CRLF after bulk"}},
		{"inline, ended by LF", "PING\nGET  k \r\n", nil, []string{`["PING"]`, `["GET" "k"]`}},
		{"inline quotes", `SET "a b\x41\n\q\"" 'c"\'d' e"f"` + "\r\n", nil, []string{`["SET" "a bA\nq\"" "c\"'d" "ef"]`}},
		{"an empty inline argument", `SET "" ''` + "\n", nil, []string{`["SET" "" ""]`}},
		{"an open quote", "SET a \"b\r\n", nil, []string{"Protocol error: unbalanced quotes in request"}},
		{"an open single quote", "SET a 'b\r\n", nil, []string{"Protocol error: unbalanced quotes in request"}},
		{"no space behind a quote", "SET \"a\"b\r\n", nil, []string{"Protocol error: unbalanced quotes in request"}},
		{"a type of RESP3 is inline", "%1\r\n~1\r\n_\r\n", nil, []string{`["%1"]`, `["~1"]`, `["_"]`}},
		{"TLS", "\x16\x03\x01\x02\x00", nil, []string{ErrTLS.Error()}},
		{"half a count", "*1", nil, []string{"unexpected EOF"}},
		{"half an argument", "*1\r\n$4\r\nPI", nil, []string{"unexpected EOF"}},
		{"half an inline command", "PIN", nil, []string{"unexpected EOF"}},
		{"an argument above what is kept", encode("SET", "k", "12345") + encode("GET", "k"), &small, []string{"dropped 5", `["GET" "k"]`}},
		{"arguments that are too much together", encode("1234", "1234", "123", "x") + encode("PING"), &small, []string{"dropped 3", `["PING"]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			limits := c.limits
			if limits == nil {
				d := DefaultLimits()
				limits = &d
			}
			for name, in := range map[string]io.Reader{
				"whole":     strings.NewReader(c.in),
				"by bytes":  iotest.OneByteReader(strings.NewReader(c.in)),
				"by halves": iotest.HalfReader(strings.NewReader(c.in)),
			} {
				if got := readAll(NewReader(in), *limits); !reflect.DeepEqual(got, c.want) {
					t.Errorf("%s: %.300q, want %.300q", name, got, c.want)
				}
			}
		})
	}
}

// TestALineThatNeverEndsIsRefusedAsItArrives: the client sends a byte too many, and waits.
func TestALineThatNeverEndsIsRefusedAsItArrives(t *testing.T) {
	limits := DefaultLimits()
	for _, start := range []string{"", "*", "*1\r\n$"} {
		in, out := io.Pipe()
		go func() { _, _ = io.WriteString(out, start+strings.Repeat("x", LineBytes+1)) }() // ends when in is closed
		if _, err := NewReader(in).Read(&limits); err == nil || !strings.Contains(err.Error(), "too big") {
			t.Errorf("%q…: %v", start, err)
		}
		_ = in.Close()
	}
	exact := strings.Repeat("x", LineBytes)
	if c, err := NewReader(strings.NewReader(exact + "\n")).Read(&limits); err != nil || len(c.Args) != 1 {
		t.Errorf("a line of the limit: %v", err)
	}
}

// TestAPromiseTakesNoMemory reads headers that promise the most, and little that follows.
func TestAPromiseTakesNoMemory(t *testing.T) {
	limits := DefaultLimits()
	limits.KeepBytes, limits.CommandBytes = 512<<20, 512<<20
	for _, in := range []string{
		"*1048576\r\n$1\r\nx\r\n",
		"*1\r\n$536870912\r\nabc",
		"*2\r\n$3\r\nGET\r\n$536870912\r\n" + strings.Repeat("x", 50<<10),
		"*" + strings.Repeat("1\r\n*", 1<<16),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if c, err := NewReader(strings.NewReader(in)).Read(&limits); err == nil {
			t.Fatalf("%.20q gives %d arguments", in, len(c.Args))
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
			t.Errorf("%.40q took %d bytes", in, got)
		}
	}
}

func TestTakeIsAskedAsBytesArrive(t *testing.T) {
	limits := DefaultLimits()
	in := encode("SET", "k", strings.Repeat("x", 100<<10)) + encode("PING")
	taken := 0
	r := NewReader(strings.NewReader(in))
	r.Take = func(n int) bool { taken += n; return true }
	if got := readAll(r, limits); len(got) != 2 || taken != 84<<10 {
		t.Errorf("%d commands, %d taken", len(got), taken)
	}
	r = NewReader(strings.NewReader(in))
	r.Take = func(int) bool { return false }
	if got := readAll(r, limits); !reflect.DeepEqual(got, []string{"refused", `["PING"]`}) {
		t.Errorf("%.100q", got)
	}
}

// FuzzReader: no input may panic, and how it is cut into pieces makes no difference.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		encode("SET", "k", "v"), "*1\r\n$4\r\nPINGxx", "SET \"a\\x41\" 'b'\r\n", "*-1\r\n*3\r\n$1", "*1\r\n$99999\r\n", "\x16\x03",
	} {
		f.Add([]byte(seed), 3)
	}
	limits := DefaultLimits()
	limits.KeepBytes = 64
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		whole := readAll(NewReader(bytes.NewReader(in)), limits)
		pieces := readAll(NewReader(&pieces{in, max(size, 1)}), limits)
		if !reflect.DeepEqual(whole, pieces) {
			t.Errorf("whole: %q\nin pieces: %q", whole, pieces)
		}
	})
}

// pieces gives at most size bytes a call.
type pieces struct {
	b    []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.b[:min(p.size, len(p.b))])
	p.b = p.b[n:]
	return n, nil
}

// FuzzRoundTrip: what a client encodes is what is read, as an array and as a quoted line.
func FuzzRoundTrip(f *testing.F) {
	f.Add("SET", "k", "v")
	f.Add("", "\x00\"'\\", "\r\n")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		limits := DefaultLimits()
		var line strings.Builder
		for _, arg := range []string{a, b, c} {
			line.WriteByte('"')
			for i := range len(arg) {
				line.WriteString(`\x` + strconv.FormatInt(int64(arg[i])|0x100, 16)[1:])
			}
			line.WriteString(`" `)
		}
		in := encode(a, b, c)
		if line.Len() < LineBytes {
			in += line.String() + "\n"
		}
		r := NewReader(strings.NewReader(in))
		for {
			got, err := r.Read(&limits)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil || len(got.Args) != 3 || string(got.Args[0]) != a || string(got.Args[1]) != b || string(got.Args[2]) != c {
				t.Fatalf("%q, %v", got.Args, err)
			}
		}
	})
}

func BenchmarkReadSet(b *testing.B) {
	in := []byte(encode("SET", "key:000000001", "value-of-some-bytes"))
	limits := DefaultLimits()
	r := NewReader(&endless{in: in})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Read(&limits); err != nil {
			b.Fatal(err)
		}
	}
}

// endless repeats its input.
type endless struct {
	in []byte
	at int
}

func (e *endless) Read(b []byte) (n int, _ error) {
	for n < len(b) {
		k := copy(b[n:], e.in[e.at:])
		n, e.at = n+k, (e.at+k)%len(e.in)
	}
	return n, nil
}
