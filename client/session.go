package client

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Session is a client that never sees less than it has seen before, whichever node it comes to: it
// reads its own writes, does not go back, and what it writes comes after what it has read, in every
// region. A node that lacks some of that waits up to a second for it, and refuses the call with
// ErrStale then. (Terry et al.: "Session Guarantees for Weakly Consistent Replicated Data", 1994.)
//
// It has all calls of [Client], except that Close ends neither. Calls of several goroutines in one
// session are ordered only where one begins after another has returned.
type Session struct{ *Client }

// Session begins a session, which shares the connection of the client.
func (c *Client) Session() *Session {
	return &Session{&Client{link: c.link, space: c.space, seen: &seen{alone: make(chan struct{}, aloneMax)}}}
}

// Resume goes on with a session of this or another program, as after [Session.Token]. The error matches
// ErrInvalid when the text is no token; whether it is one of this cluster the first call tells.
func (c *Client) Resume(token string) (*Session, error) {
	s := c.Session()
	for i, part := range strings.Split(token, ".") {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || len(b) == 0 && token != "" {
			return nil, &Error{Code: codeInvalid, Message: fmt.Sprintf("%.128q is no token of a session", token)}
		}
		if token != "" {
			s.seen.at.put(&connection{}, b)
		}
		if i == tokensMax {
			return nil, &Error{Code: codeInvalid, Message: "too many parts in the token of a session"}
		}
	}
	return s, nil
}

// Token returns what the session has seen, as text without spaces: for [Client.Resume] elsewhere, or
// ATOLL.AFTER. It is empty before the first call.
func (s *Session) Token() string {
	var parts []string
	for _, t := range listed(s.seen.tokens()) {
		parts = append(parts, base64.RawURLEncoding.EncodeToString(t))
	}
	slices.Sort(parts)
	return strings.Join(parts, ".")
}

// Close does nothing: the client that the session belongs to stays open.
func (s *Session) Close() error { return nil }

// tokensMax bounds the tokens of one session.
const tokensMax = 16

// tokens are the newest token of each connection, as far as no other covers it.
type tokens map[*connection][]byte

func (t *tokens) put(of *connection, token []byte) {
	if *t == nil {
		*t = tokens{}
	}
	(*t)[of] = token
}

func listed(t tokens) [][]byte { return slices.Collect(maps.Values(t)) }

// seen is what a session has seen. All methods do nothing on nil.
type seen struct {
	alone chan struct{} // places of calls beside the stream

	mu sync.Mutex
	at tokens // guarded by mu
}

// aloneMax bounds the calls of a session beside the stream at a time: each leaves a token, until a later call
// gives it back.
const aloneMax = 8

// enter waits for the turn of a call beside the stream, until leave.
func (s *seen) enter(ctx context.Context) (leave func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	select {
	case s.alone <- struct{}{}:
		return func() { <-s.alone }, nil
	case <-ctx.Done():
		return nil, fromContext(ctx.Err(), nil)
	}
}

func (s *seen) tokens() tokens {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.at)
}

// note takes the token of a response, in the order of their connection. It covers those that the
// request was sent with, unless they have been replaced meanwhile.
func (s *seen) note(from *connection, token []byte, after tokens) {
	if s == nil || len(token) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for of, t := range after {
		if of != from && string(s.at[of]) == string(t) {
			delete(s.at, of)
		}
	}
	s.at.put(from, token)
}
