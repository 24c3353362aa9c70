package client

import "testing"

// TestACallBesideTheStreamKeepsItsConnection: one that is to end waits for it, and lets no other begin.
func TestACallBesideTheStreamKeepsItsConnection(t *testing.T) {
	s := &connection{leaving: make(chan struct{}), retired: make(chan struct{})}
	isRetired := func() bool {
		select {
		case <-s.retired:
			return true
		default:
			return false
		}
	}
	if !s.enter() {
		t.Fatal("no call may begin")
	}
	s.retire()
	if isRetired() || s.enter() {
		t.Error("it does not wait for the call, or lets another one begin")
	}
	if s.exit(); !isRetired() {
		t.Error("it goes on without a call")
	}
}
