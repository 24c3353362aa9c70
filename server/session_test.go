package server_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
)

// place is a shard that has seen a vector.
type place struct {
	server.Shard
	vector clock.VersionVector
}

func (p place) Seen() clock.VersionVector { return p.vector }

func (p place) Await(ctx context.Context, v clock.VersionVector) error {
	if v.LessEq(p.vector) {
		return nil
	}
	<-ctx.Done()
	return &keyspace.MissingError{Of: []string{"us/n1"}, Updates: p.vector.Missing(v)}
}

func gateAt(v clock.VersionVector, cluster string) *server.Dispatcher {
	return server.New(server.Config{Shard: place{vector: v}, Cluster: cluster, SessionWait: 10 * time.Millisecond})
}

func codeOf(err error) server.Code {
	if err == nil {
		return ""
	}
	return server.Explain(err).Code
}

func TestATokenIsGoodWhereAllOfItIs(t *testing.T) {
	one := clock.VectorOf(clock.Entry{Origin: 1, Seq: 3})
	two := clock.VectorOf(clock.Entry{Origin: 1, Seq: 3}, clock.Entry{Origin: 9, Seq: 1})
	ahead, behind := gateAt(two, "c"), gateAt(one, "c")
	if err := ahead.AfterText(t.Context(), behind.TokenText()); err != nil {
		t.Errorf("a node that has more: %v", err)
	}
	err := behind.AfterText(t.Context(), ahead.TokenText())
	if codeOf(err) != server.CodeStale || !strings.Contains(err.Error(), "1 update of us/n1 is not here yet, after 10ms") {
		t.Errorf("a node that has less: %v", err)
	}
	if told := server.Explain(err); !told.Retryable || told.Hint == "" {
		t.Errorf("%+v", told)
	}
}

func TestAfterEndsWithItsContext(t *testing.T) {
	behind := server.New(server.Config{Shard: place{}, SessionWait: time.Hour})
	ahead := server.New(server.Config{Shard: place{vector: clock.VectorOf(clock.Entry{Origin: 1, Seq: 1})}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := behind.After(ctx, ahead.Token()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestAfterWaitsForNothingWhileTheNodeLoads(t *testing.T) {
	loading := server.New(server.Config{Shard: place{}, Loading: func() error { return errors.New("it is new") }})
	if err := loading.After(t.Context(), loading.Token()); codeOf(err) != server.CodeLoading {
		t.Error(err)
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	gate := gateAt(clock.VectorOf(clock.Entry{Origin: 1, Seq: 3}), "c")
	good := gate.Token()
	for name, token := range map[string][]byte{
		"empty":           {},
		"short":           good[:9],
		"cut":             good[:len(good)-1],
		"longer":          append(append([]byte{}, good...), 0),
		"too long":        make([]byte, 65<<10),
		"another cluster": gateAt(clock.VersionVector{}, "d").Token(),
	} {
		if err := gate.After(t.Context(), token); codeOf(err) != server.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range good {
		bad := append([]byte{}, good...)
		bad[i] ^= 1
		if err := gate.After(t.Context(), bad); codeOf(err) != server.CodeInvalid {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
	for _, text := range []string{"", "not base64!", strings.Repeat("A", 1<<20), base64.StdEncoding.EncodeToString(good) + "=="} {
		if err := gate.AfterText(t.Context(), text); codeOf(err) != server.CodeInvalid {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzToken(f *testing.F) {
	gate := gateAt(clock.VectorOf(clock.Entry{Origin: 1, Seq: 3}), "c")
	f.Add(gate.Token())
	f.Fuzz(func(t *testing.T, token []byte) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = gate.After(ctx, token) // it must not panic
	})
}
