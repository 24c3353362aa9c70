package resp

import (
	"math"
	"testing"
)

func TestRepliesInBothVersions(t *testing.T) {
	for _, c := range []struct {
		name   string
		write  func(*Writer)
		v2, v3 string
	}{
		{"simple", func(w *Writer) { w.Simple("OK") }, "+OK\r\n", "+OK\r\n"},
		{"error", func(w *Writer) { w.Error("ERR a\r\nb") }, "-ERR a  b\r\n", "-ERR a  b\r\n"},
		{"integer", func(w *Writer) { w.Int(-5) }, ":-5\r\n", ":-5\r\n"},
		{"bulk", func(w *Writer) { w.Bulk([]byte("a\r\n\x00")) }, "$4\r\na\r\n\x00\r\n", "$4\r\na\r\n\x00\r\n"},
		{"empty bulk", func(w *Writer) { w.Bulk(nil) }, "$0\r\n\r\n", "$0\r\n\r\n"},
		{"text", func(w *Writer) { w.Text("hi") }, "$2\r\nhi\r\n", "$2\r\nhi\r\n"},
		{"verbatim", func(w *Writer) { w.Verbatim("hi") }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"},
		{"double", func(w *Writer) { w.Double(3.1) }, "$18\r\n3.1000000000000001\r\n", ",3.1000000000000001\r\n"},
		{"whole double", func(w *Writer) { w.Double(1e16) }, "$17\r\n10000000000000000\r\n", ",10000000000000000\r\n"},
		{"large double", func(w *Writer) { w.Double(-1e17) }, "$6\r\n-1e+17\r\n", ",-1e+17\r\n"},
		{"small double", func(w *Writer) { w.Double(0.00001) }, "$22\r\n1.0000000000000001e-05\r\n", ",1.0000000000000001e-05\r\n"},
		{"infinite", func(w *Writer) { w.Double(math.Inf(-1)) }, "$4\r\n-inf\r\n", ",-inf\r\n"},
		{"null array", (*Writer).NullArray, "*-1\r\n", "_\r\n"},
		{"null", (*Writer).Null, "$-1\r\n", "_\r\n"},
		{"no list", (*Writer).NullArray, "*-1\r\n", "_\r\n"},
		{"array", func(w *Writer) { w.Array(2); w.Int(1); w.Int(2) }, "*2\r\n:1\r\n:2\r\n", "*2\r\n:1\r\n:2\r\n"},
		{"set", func(w *Writer) { w.Set(1); w.Int(1) }, "*1\r\n:1\r\n", "~1\r\n:1\r\n"},
		{"map", func(w *Writer) { w.Map(1); w.Text("a"); w.Int(1) }, "*2\r\n$1\r\na\r\n:1\r\n", "%1\r\n$1\r\na\r\n:1\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for version, want := range map[int]string{2: c.v2, 3: c.v3} {
				w := Writer{Version: version}
				c.write(&w)
				if got := string(w.Bytes()); got != want {
					t.Errorf("version %d: %q, want %q", version, got, want)
				}
			}
		})
	}
}

func TestALargeBufferIsNotKept(t *testing.T) {
	var w Writer
	w.Bulk(make([]byte, 1<<20))
	w.Reset()
	if w.Len() != 0 || cap(w.buf) != 0 {
		t.Errorf("%d bytes of %d are kept", w.Len(), cap(w.buf))
	}
	w.Simple("OK")
	n := w.Len()
	w.Int(1)
	w.Truncate(n)
	if string(w.Bytes()) != "+OK\r\n" {
		t.Errorf("%q", w.Bytes())
	}
}
