package resp

import (
	"math"
	"strconv"
)

// Writer collects replies. The zero value writes version 2 of the protocol.
type Writer struct {
	// Version is 3, or else 2.
	Version int

	buf []byte
}

// Bytes returns what was written since the last Reset; it is valid until the next write.
func (w *Writer) Bytes() []byte { return w.buf }

// Len is the size of what was written.
func (w *Writer) Len() int { return len(w.buf) }

// keptBytes is how large a buffer is kept for the next replies.
const keptBytes = 16 << 10

// Reset empties the writer.
func (w *Writer) Reset() {
	if w.buf = w.buf[:0]; cap(w.buf) > keptBytes {
		w.buf = nil
	}
}

// Truncate drops what was written after the first n bytes.
func (w *Writer) Truncate(n int) { w.buf = w.buf[:n] }

func (w *Writer) header(kind byte, n int64) {
	w.buf = append(strconv.AppendInt(append(w.buf, kind), n, 10), '\r', '\n')
}

// Simple writes a simple string; it must have no CR or LF.
func (w *Writer) Simple(s string) { w.buf = append(append(append(w.buf, '+'), s...), '\r', '\n') }

// Error writes an error, whose first word is its code. A line cannot hold CR and LF: they become
// spaces.
func (w *Writer) Error(s string) {
	w.buf = append(w.buf, '-')
	for i := range len(s) {
		c := s[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		w.buf = append(w.buf, c)
	}
	w.buf = append(w.buf, '\r', '\n')
}

// Int writes an integer.
func (w *Writer) Int(n int64) { w.header(':', n) }

// Bulk writes a string of any bytes.
func (w *Writer) Bulk(b []byte) {
	w.header('$', int64(len(b)))
	w.buf = append(append(w.buf, b...), '\r', '\n')
}

// Text writes a string of any bytes.
func (w *Writer) Text(s string) {
	w.header('$', int64(len(s)))
	w.buf = append(append(w.buf, s...), '\r', '\n')
}

// Verbatim writes a text for people: a verbatim string of format txt, a bulk string in version 2.
func (w *Writer) Verbatim(s string) {
	if w.Version != 3 {
		w.Text(s)
		return
	}
	w.header('=', int64(len(s))+4)
	w.buf = append(append(append(w.buf, "txt:"...), s...), '\r', '\n')
}

// Double writes a number: a string of at most 17 digits in version 2.
func (w *Writer) Double(f float64) {
	var text [32]byte
	w.Decimal(AppendDouble(text[:0], f))
}

// Decimal writes a number by its digits: a string in version 2.
func (w *Writer) Decimal(text []byte) {
	if w.Version == 3 {
		w.buf = append(append(append(w.buf, ','), text...), '\r', '\n')
		return
	}
	w.Bulk(text)
}

// AppendDouble prints a number as Redis does: %.17g of C.
func AppendDouble(b []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	default:
		return strconv.AppendFloat(b, f, 'g', 17, 64)
	}
}

// Null writes that there is nothing.
func (w *Writer) Null() {
	if w.Version == 3 {
		w.buf = append(w.buf, "_\r\n"...)
		return
	}
	w.buf = append(w.buf, "$-1\r\n"...)
}

// NullArray writes that there is no list.
func (w *Writer) NullArray() {
	if w.Version == 3 {
		w.Null()
		return
	}
	w.buf = append(w.buf, "*-1\r\n"...)
}

// Array begins a list of n elements, which follow.
func (w *Writer) Array(n int) { w.header('*', int64(n)) }

// Push begins a message of n elements that the client did not ask for; a list in version 2.
func (w *Writer) Push(n int) {
	if w.Version == 3 {
		w.header('>', int64(n))
		return
	}
	w.Array(n)
}

// Set begins a set of n elements; a list in version 2.
func (w *Writer) Set(n int) {
	if w.Version == 3 {
		w.header('~', int64(n))
		return
	}
	w.Array(n)
}

// Map begins a map of n pairs, each a key and then its value; a list of 2n elements in version 2.
func (w *Writer) Map(n int) {
	if w.Version == 3 {
		w.header('%', int64(n))
		return
	}
	w.Array(2 * n)
}
