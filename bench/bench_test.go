package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/atollkv/atoll/client/clienttest"
)

func TestLoadCountsWhatItDid(t *testing.T) {
	s := clienttest.NewServer(t)
	var out bytes.Buffer
	err := run(t.Context(), []string{
		"-targets", "us=" + s.Addr, "-mix", "set=1,get=1,incr=1,sadd=1", "-clients", "4", "-duration", "300ms", "-json",
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	var r loadReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in %s", err, out.Bytes())
	}
	if len(r.Lines) != 4 {
		t.Fatalf("%d lines, want one an operation: %s", len(r.Lines), out.Bytes())
	}
	for _, l := range r.Lines {
		if l.Count == 0 || l.Errors > 0 || l.P50Micros == 0 || l.P50Micros > l.P99Micros || l.P99Micros > l.MaxMicros {
			t.Errorf("%+v", l)
		}
	}
}

func TestLagSeesAWriteAtItsOwnNodeAtOnce(t *testing.T) {
	s := clienttest.NewServer(t)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-targets", "a=" + s.Addr + ",b=" + s.Addr, "-lag", "-duration", "200ms"}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "a → b") {
		t.Errorf("no pair in %s", out.String())
	}
}

func TestBadFlagsAreNamed(t *testing.T) {
	for args, want := range map[string]string{
		"-targets x":                        "region=host:port",
		"-mix fly=1":                        "one of set, get, incr, sadd",
		"-clients 0":                        "must be positive",
		"-lag -duration 1ms -targets a=b:1": "two targets",
	} {
		if err := run(t.Context(), strings.Fields(args), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}
