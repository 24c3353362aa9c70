package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
)

// A session token says what a client has seen: for each shard a version vector. A client
// that shows it at another node sees all of that there, or an error: so it reads its own
// writes, never goes back, and what it writes comes after what it has seen.
//
// The bytes: version 1, uvarint shards, for each its number as uvarint and its vector
// (clock.VersionVector.Append); at the end the first eight bytes of the SHA-256 of the
// cluster's name, a zero byte and all before. That tells a damaged token, and one of another
// cluster, and is no secret: a token holds no time and gives no right, whoever makes one up
// only waits for what does not come.
const (
	tokenVersion  = 1
	tokenCheck    = 8
	tokenBytesMax = 64 << 10
	sessionWait   = time.Second
)

// Token returns what a client of this node may have seen up to now, as bytes for After.
func (d *Dispatcher) Token() []byte {
	b := append([]byte{tokenVersion}, 1, 0) // one shard, number 0
	b = d.cfg.Shard.Seen().Append(b)
	return append(b, d.checkToken(b)...)
}

// TokenText returns the token as text: base64url without padding, RFC 4648 section 5.
func (d *Dispatcher) TokenText() string { return base64.RawURLEncoding.EncodeToString(d.Token()) }

// After waits until this node shows everything that the token says, at most SessionWait, and
// fails with STALE then. A token that is none is INVALID. Errors are for Explain.
func (d *Dispatcher) After(ctx context.Context, token []byte) error {
	v, err := d.readToken(token)
	if err != nil {
		return err
	}
	if d.cfg.Loading != nil {
		if err := d.cfg.Loading(); err != nil {
			return Errorf(CodeLoading, "%v", err)
		}
	}
	began, cancel := context.WithTimeout(ctx, d.cfg.SessionWait)
	defer cancel()
	err = d.cfg.Shard.Await(began, v)
	var missing *keyspace.MissingError
	if errors.As(err, &missing) {
		if err := ctx.Err(); err != nil {
			return err
		}
		return Errorf(CodeStale, "%v, after %v", missing, d.cfg.SessionWait)
	}
	return err
}

// AfterText is After for tokens as text, several with points between them.
func (d *Dispatcher) AfterText(ctx context.Context, text string) error {
	if base64.RawURLEncoding.DecodedLen(len(text)) > tokenBytesMax {
		return errToken(fmt.Errorf("%d bytes", len(text)))
	}
	for part := range strings.SplitSeq(text, ".") {
		token, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return errToken(err)
		}
		if err := d.After(ctx, token); err != nil {
			return err
		}
	}
	return nil
}

func errToken(why error) *Error {
	e := Errorf(CodeInvalid, "token: %v", why)
	e.Hint = "give a token as it was received, whole"
	return e
}

func (d *Dispatcher) checkToken(b []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00", d.cfg.Cluster)
	h.Write(b)
	return h.Sum(nil)[:tokenCheck]
}

// readToken returns what a token says of shard 0, the one there is.
func (d *Dispatcher) readToken(token []byte) (v clock.VersionVector, err error) {
	if len(token) < 1+1+tokenCheck || len(token) > tokenBytesMax {
		return v, errToken(fmt.Errorf("%d bytes", len(token)))
	}
	b, check := token[:len(token)-tokenCheck], token[len(token)-tokenCheck:]
	if string(d.checkToken(b)) != string(check) {
		return v, errToken(errors.New("it is damaged, or of another cluster"))
	}
	if b[0] != tokenVersion {
		return v, errToken(fmt.Errorf("version %d; this node reads %d", b[0], tokenVersion))
	}
	shards, n := binary.Uvarint(b[1:])
	if n <= 0 || shards != 1 {
		return v, errToken(errors.New("it must be of one shard"))
	}
	b = b[1+n:]
	if shard, n := binary.Uvarint(b); n <= 0 || shard != 0 {
		return v, errToken(errors.New("it must be of shard 0"))
	}
	v, rest, err := clock.DecodeVector(b[1:])
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes too many", len(rest))
	}
	if err != nil {
		return v, errToken(err)
	}
	return v, nil
}
