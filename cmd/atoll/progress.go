package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

const (
	barWidth = 30
	// barEvery is the pause between two pictures of a bar, lineEvery between two lines
	// where there is no terminal.
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// bar shows how far long work has come: one line that is drawn again and again on a
// terminal, plain lines now and then elsewhere. It writes to standard error, so that
// output stays clean.
type bar struct {
	to       io.Writer
	terminal bool
	unit     func(uint64) string

	// tail replaces the rate and the time left, where somebody else measures them.
	tail string

	label       string
	done, total uint64
	began, last time.Time // of the label, and of the last picture
	now         func() time.Time
}

func newBar(s *session, unit func(uint64) string) *bar {
	b := &bar{to: s.err, unit: unit, now: time.Now}
	if file, ok := s.err.(*os.File); ok && s.form != formJSON {
		b.terminal = term.IsTerminal(int(file.Fd()))
	}
	return b
}

// set tells how far the work named by label is; total 0 is unknown.
func (b *bar) set(label string, done, total uint64) {
	now := b.now()
	every := lineEvery
	if b.terminal {
		every = barEvery
	}
	if label != b.label {
		b.end()
		b.label, b.began, b.last = label, now, time.Time{}
	}
	b.done, b.total = done, total
	if now.Sub(b.last) >= every {
		b.last = now
		b.draw()
	}
}

// end shows the last picture and leaves its line. It may be called more than once.
func (b *bar) end() {
	if b.label == "" {
		return
	}
	b.draw()
	if b.terminal {
		_, _ = io.WriteString(b.to, "\n")
	}
	b.label = ""
}

func (b *bar) draw() {
	text := b.String()
	if b.terminal {
		text = "\r\x1b[K" + text
	} else {
		text += "\n"
	}
	_, _ = io.WriteString(b.to, text) // a picture that is lost is no harm
}

// String is the picture: label, bar, amounts, rate and the time that is left.
func (b *bar) String() string {
	if b.total == 0 {
		return b.label + " …"
	}
	part := min(float64(b.done)/float64(b.total), 1)
	filled := int(part * barWidth)
	text := fmt.Sprintf("%-11s [%s%s] %3.0f%%  %s of %s", b.label, strings.Repeat("#", filled), strings.Repeat("-", barWidth-filled),
		part*100, b.unit(b.done), b.unit(b.total))
	if b.tail != "" {
		return text + "  " + b.tail
	}
	took := b.now().Sub(b.began).Seconds()
	if took < 0.2 || b.done == 0 {
		return text
	}
	rate := float64(b.done) / took
	text += fmt.Sprintf("  %s/s", b.unit(uint64(rate)))
	if b.done < b.total {
		text += "  " + period(uint64(float64(b.total-b.done)/rate*1000)) + " left"
	}
	return text
}
