package respserver

import "strings"

// See https://redis.io/docs/latest/develop/interact/pubsub/

const (
	// listenMax bounds the channels and patterns of a connection, listenBytes what each takes beside
	// its name.
	listenMax   = 10_000
	listenBytes = 128

	differsListen = "Refused within MULTI. At most 10,000 channels and patterns of up to 1,024 bytes."
	flagsPubsub   = "pubsub noscript loading stale"
)

var rowSubscribe = row{
	name: "subscribe", arity: -2, flags: flagsPubsub, categories: "pubsub",
	group: "pubsub", since: "2.0.0", complexity: "O(N) for N channels", syntax: "SUBSCRIBE channel [channel ...]",
	summary: "Listens to channels.", differs: differsListen, alone: true,
	run: func(c *conn, args [][]byte) error { return c.subscribe("subscribe", args[1:], false) },
}

var rowPSubscribe = row{
	name: "psubscribe", arity: -2, flags: flagsPubsub, categories: "pubsub",
	group: "pubsub", since: "2.0.0", complexity: "O(N) for N patterns", syntax: "PSUBSCRIBE pattern [pattern ...]",
	summary: "Listens to the channels that match patterns.", differs: differsListen, alone: true,
	run: func(c *conn, args [][]byte) error { return c.subscribe("psubscribe", args[1:], true) },
}

var rowUnsubscribe = row{
	name: "unsubscribe", arity: -1, flags: flagsPubsub, categories: "pubsub",
	group: "pubsub", since: "2.0.0", complexity: "O(N) for N channels", syntax: "UNSUBSCRIBE [channel [channel ...]]",
	summary: "Listens no more to channels, or to none of them.", differs: "Refused within MULTI.", alone: true,
	run: func(c *conn, args [][]byte) error { return c.unsubscribe("unsubscribe", args[1:], false) },
}

var rowPUnsubscribe = row{
	name: "punsubscribe", arity: -1, flags: flagsPubsub, categories: "pubsub",
	group: "pubsub", since: "2.0.0", complexity: "O(N) for N patterns", syntax: "PUNSUBSCRIBE [pattern [pattern ...]]",
	summary: "Listens no more to what matches patterns, or to nothing by a pattern.", differs: "Refused within MULTI.", alone: true,
	run: func(c *conn, args [][]byte) error { return c.unsubscribe("punsubscribe", args[1:], true) },
}

// subscribe listens to channels or patterns, all or none of them, and confirms each.
func (c *conn) subscribe(word string, names [][]byte, patterns bool) error {
	return c.tune(func(l *listening) error {
		size := 0
		for _, name := range names {
			if len(name) > patternBytes {
				return refusef("ERR channel or pattern too long: %d bytes, limit %d", len(name), patternBytes)
			}
			size += len(name) + listenBytes
		}
		if l.count()+len(names) > listenMax {
			return refusef("ERR too many channels and patterns: limit %d", listenMax)
		}
		if !c.s.take(size) {
			return errNoMemory
		}
		l.held += size
		for _, name := range names {
			c.listen(l, patterns, string(name))
			c.confirm(word, name, l.count())
		}
		return nil
	})
}

func (c *conn) listen(l *listening, patterns bool, name string) {
	if l.channels == nil {
		l.channels, l.patterns = map[string]bool{}, map[string]bool{}
	}
	l.of(patterns)[name] = true
	c.s.channels.add(c, patterns, name)
}

// unsubscribe ends listening to channels or patterns, to all where none are named.
func (c *conn) unsubscribe(word string, names [][]byte, patterns bool) error {
	return c.tune(func(l *listening) error {
		if len(names) == 0 {
			for _, name := range l.names(patterns) {
				names = append(names, []byte(name))
			}
		}
		for _, name := range names {
			delete(l.of(patterns), string(name))
			c.s.channels.remove(c, patterns, string(name))
			c.confirm(word, name, l.count())
		}
		if len(names) == 0 {
			c.confirm(word, nil, l.count())
		}
		if l.count() == 0 {
			c.s.give(l.held)
			l.held = 0
		}
		return nil
	})
}

// confirm tells the client of one channel or pattern; nil is none.
func (c *conn) confirm(word string, name []byte, count int) {
	c.out.Push(3)
	c.out.Text(word)
	if name == nil {
		c.out.Null()
	} else {
		c.out.Bulk(name)
	}
	c.out.Int(int64(count))
}

// listensOnly tells whether the connection may do nothing but listen: in version 2 of the protocol a
// client could not tell messages from replies.
func (c *conn) listensOnly(r *row) bool {
	v := c.look()
	if v.version == 3 || v.channels+v.patterns == 0 {
		return false
	}
	switch r {
	case &rowSubscribe, &rowPSubscribe, &rowUnsubscribe, &rowPUnsubscribe, &rowPing, &rowQuit, &rowReset:
		return false
	}
	return true
}

func errListensOnly(r *row) error {
	return refusef("ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context", strings.ToLower(r.name))
}
