package node

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/atollkv/atoll/replication/transfer"
)

// metaLoad is the store's record of whether this node ever had all data that it was to begin with.
const metaLoad = "node/load"

const (
	loadWaiting = "waiting"
	loadDone    = "done"
	// loadAgain: the directory took the place of one that had data, so there is somebody to wait for,
	// whatever the configuration says.
	loadAgain = "again"
)

// loading is the state of a node that is new: it answers clients only after it has taken over what the
// others have, or has met others that have nothing either. An empty answer would be a wrong one.
type loading struct {
	db       meta
	progress func() transfer.Status
	// loaded is called once, when waiting is over.
	loaded func()

	mu      sync.Mutex
	waiting bool // guarded by mu
}

// openLoading reads what is known. empty tells that the store holds no update and no part of a transfer;
// needless that there is nobody to wait for, or that the operator said not to.
func openLoading(db meta, empty, needless bool) (*loading, error) {
	b, err := db.Meta(metaLoad)
	if err != nil {
		return nil, fmt.Errorf("read whether the data is complete: %w", err)
	}
	l := &loading{db: db}
	switch string(b) {
	case loadDone:
		return l, nil
	case loadWaiting:
		l.waiting = !needless
	case loadAgain:
		l.waiting = true
		return l, nil
	case "":
		l.waiting = empty && !needless // an older version did not write the record
	default:
		return nil, fmt.Errorf("read whether the data is complete: unknown record %.16q: a newer version wrote it, or it is damaged", b)
	}
	state := loadDone
	if l.waiting {
		state = loadWaiting
	}
	if err := db.SetMeta(metaLoad, []byte(state)); err != nil {
		return nil, fmt.Errorf("write whether the data is complete: %w", err)
	}
	return l, nil
}

// active reports whether clients must wait.
func (l *loading) active() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

// end lets clients in, durably.
func (l *loading) end() error {
	if !l.active() {
		return nil
	}
	if err := l.db.SetMeta(metaLoad, []byte(loadDone)); err != nil {
		return fmt.Errorf("write that the data is complete: %w", err)
	}
	l.mu.Lock()
	l.waiting = false
	l.mu.Unlock()
	l.loaded()
	return nil
}

// refusal is why clients are not answered yet, or nil.
func (l *loading) refusal() error {
	if !l.active() {
		return nil
	}
	st := l.progress()
	switch {
	case st.Running && st.Left > 0:
		return fmt.Errorf("this node is new and takes over the data of %s: %.0f %% done, about %v left", st.Donor.Node, 100*st.Done, st.Left.Round(time.Second))
	case st.Running:
		return fmt.Errorf("this node is new and takes over the data of %s: %.0f %% done", st.Donor.Node, 100*st.Done)
	case st.LastError != "":
		return fmt.Errorf("this node is new and waits for a peer to take over the data from; the last attempt: %s", st.LastError)
	}
	return errors.New("this node is new and has met no peer to take over the data from yet")
}
