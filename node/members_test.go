package node

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/atollkv/atoll/membership"
	"github.com/atollkv/atoll/replication"
)

// metaMap keeps records in memory.
type metaMap struct {
	mu      sync.Mutex
	records map[string][]byte
}

func (m *metaMap) Meta(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[name], nil
}

func (m *metaMap) SetMeta(name string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = map[string][]byte{}
	}
	m.records[name] = bytes.Clone(value)
	return nil
}

func TestRosterRemembersWhoeverWasFound(t *testing.T) {
	db := &metaMap{}
	self := membership.Member{Region: "us", Node: "n1", Address: "us:1"}
	r, err := openRoster(db, self)
	if err != nil {
		t.Fatal(err)
	}
	if r.roll, err = openRoll(db, self.Name(), self.Address, nil); err != nil {
		t.Fatal(err)
	}
	changed := make(chan struct{}, 16)
	r.changed = func() { changed <- struct{}{} }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.run(ctx) }()

	// A peer that pulls here before gossip tells of it must be pulled from, too.
	r.meet(replication.Identity{Node: "eu/n1", Region: "eu", Address: "eu:1"})
	<-changed
	r.learn(membership.Member{Region: "eu", Node: "n1", Address: "eu:1", GossipAddress: "eu:3", State: membership.Alive})
	<-changed
	r.learn(membership.Member{Region: "eu", Node: "n1", Address: "eu:1", GossipAddress: "eu:3", State: membership.Dead})
	r.learn(self)
	r.meet(replication.Identity{Node: "us/n1", Address: "us:1"})
	want := []replication.Peer{{Address: "ap:1", Configured: true}, {Address: "eu:1", Node: "eu/n1", Region: "eu"}}
	if got := r.peers([]string{"ap:1"}); !reflect.DeepEqual(got, want) {
		t.Errorf("peers %+v", got)
	}
	eventually(t, "the record is written", func() bool {
		b, _ := db.Meta(metaMembers)
		return bytes.Contains(b, []byte("eu:3"))
	})
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	again, err := openRoster(db, self)
	if err != nil {
		t.Fatal(err)
	}
	remembered := []membership.Member{
		{Region: "eu", Node: "n1", Address: "eu:1", GossipAddress: "eu:3"},
		{Region: "us", Node: "n1", Address: "us:1", State: membership.Alive, Self: true},
	}
	if got := again.all(); !reflect.DeepEqual(got, remembered) {
		t.Errorf("remembered %+v", got)
	}
}

func TestDamagedRecordOfMembersIsAnError(t *testing.T) {
	good := encodeMembers([]membership.Member{{Region: "eu", Node: "n1"}})
	for name, b := range map[string][]byte{
		"a newer version": append([]byte{9}, good[1:]...),
		"a cut end":       good[:len(good)-1],
		"a longer end":    append(bytes.Clone(good), 1),
		"a huge count":    {1, 0xff, 0xff, 0xff, 0x7f},
	} {
		if _, err := decodeMembers(b); !errors.Is(err, errMembers) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdentityIsKept(t *testing.T) {
	db := &metaMap{}
	cfg := Config{Cluster: "c", Region: "r", Node: "n", DataDir: "/d"}
	first, err := claim(db, &cfg)
	if err != nil || len(first.ID) != 32 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := claim(db, &cfg)
	if err != nil || second != first {
		t.Errorf("%+v, then %+v (%v)", first, second, err)
	}
	if err := db.SetMeta(metaIdentity, []byte("something else")); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(db, &cfg); err == nil {
		t.Error("an unknown record is accepted")
	}
}
