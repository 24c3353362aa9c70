package respserver

import "github.com/atollkv/atoll/server/resp"

// mute is what CLIENT REPLY says about replies.
type mute struct {
	off  bool
	skip int // so many commands are not answered, this one included
}

// end drops the reply of a command, which begins at from, if the client does not want it.
func (m *mute) end(w *resp.Writer, from int) {
	switch {
	case m.skip > 0:
		m.skip--
		w.Truncate(from)
	case m.off:
		w.Truncate(from)
	}
}
