package command

import (
	"errors"
	"math"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ErrNotScore: adding gives no number.
var ErrNotScore = errors.New("resulting score is not a number (NaN)")

// ZAdd gives members of a sorted set their scores, in their order; of what other regions
// add concurrently to a score nothing is lost. Scores must not be NaN. Reply: Int, how many
// members were not there before, with Changed how many have another score now as well.
// https://redis.io/commands/zadd
//
// With Incr there is one member, to whose score its Score is added: Found, Score, the
// score after it as this node sees it; Found is false where a condition did not hold.
// Errors: ErrWrongType, ErrNotScore.
type ZAdd struct {
	Key     []byte
	Members []keyspace.Scored
	// Absent leaves members alone that are there, Present those that are not.
	Absent, Present bool
	// Greater and Less leave members alone whose score would not become greater, or less.
	Greater, Less bool
	Changed, Incr bool
}

// Name implements keyspace.Command.
func (c ZAdd) Name() string { return "ZADD" }

// Keys implements keyspace.Command.
func (c ZAdd) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (ZAdd) Writes() bool { return true }

// Run implements keyspace.Command.
func (c ZAdd) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeZSet); err != nil {
		return r, err
	}
	changed := false
	for _, m := range c.Members {
		f, err := tx.Member(c.Key, m.Member)
		if err != nil {
			return r, err
		}
		if err := c.one(tx, &f, m, &r); err != nil {
			return keyspace.Reply{}, err
		}
		old, there := f.Score()
		changed = changed || r.Found && (!there || r.Score != old)
	}
	notedIf(changed, tx, keyspace.ClassZSet, c.event(), c.Key)
	return r, nil
}

func (c *ZAdd) event() string {
	if c.Incr {
		return "zincr"
	}
	return "zadd"
}

// one adds a member, whose content is f before.
func (c *ZAdd) one(tx *keyspace.Tx, f *crdt.Field, m keyspace.Scored, r *keyspace.Reply) error {
	old, there := f.Score()
	score := m.Score
	if c.Incr {
		if score = f.ScoreAfter(m.Score); math.IsNaN(score) {
			return ErrNotScore
		}
	}
	if c.refuses(old, there, score) {
		return nil
	}
	r.Found, r.Score = true, score
	if !there || c.Changed && score != old {
		r.Int++
	}
	switch {
	case !c.Incr || math.IsInf(m.Score, 0):
		return tx.SetScore(c.Key, m.Member, score)
	case there && m.Score == 0:
		return nil
	default:
		return tx.AddScore(c.Key, m.Member, crdt.TotalOfFloat(m.Score))
	}
}

// refuses tells that a condition does not hold.
func (c *ZAdd) refuses(old float64, there bool, score float64) bool {
	if !there {
		return c.Present
	}
	return c.Absent || c.Greater && score <= old || c.Less && score >= old
}
