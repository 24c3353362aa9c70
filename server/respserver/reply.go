package respserver

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server/resp"
)

// The forms of replies that several commands share.

func replyOK(w *resp.Writer, _ keyspace.Reply) { w.Simple("OK") }

func replyInt(w *resp.Writer, r keyspace.Reply) { w.Int(r.Int) }

// replyValue writes a string, or null where there is none.
func replyValue(w *resp.Writer, r keyspace.Reply) {
	if !r.Found {
		w.Null()
		return
	}
	w.Bulk(r.Value)
}

func replyFound(w *resp.Writer, r keyspace.Reply) { w.Int(bit(r.Found)) }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
