package respserver

import "bytes"

// See https://redis.io/commands/publish/ and https://redis.io/commands/pubsub-channels/

const differsPublish = "It counts who listens at this node."

var rowPublish = row{
	name: "publish", arity: 3, flags: "pubsub loading stale fast", categories: "pubsub",
	group: "pubsub", since: "2.0.0", complexity: "O(N+M) for N listeners of the channel and M patterns", syntax: "PUBLISH channel message",
	summary: "Sends a message to who listens to a channel, and returns to how many.",
	differs: "It reaches who listens at any node of any region, at most once, those of one publisher in order; not who is cut off from this node. It counts who listens at this node. Who does not take what was sent, up to a bound, is disconnected.",
	run: func(c *conn, args [][]byte) error {
		c.out.Int(c.s.channels.publish(args[1], args[2]))
		if c.s.cfg.Publish != nil {
			c.s.cfg.Publish(bytes.Clone(args[1]), bytes.Clone(args[2]))
		}
		return nil
	},
}

// Deliver sends a message that was published at another node to who listens here.
func (s *Server) Deliver(channel, message []byte) { s.channels.publish(channel, message) }

var rowPubsub = row{
	name: "pubsub", arity: -2, group: "pubsub", since: "2.8.0", complexity: "Depends on subcommand.", syntax: "PUBSUB subcommand",
	summary: "Tells who listens.",
	subs: []*row{
		{
			name: "pubsub|channels", arity: -2, flags: "pubsub loading stale", categories: "pubsub", group: "pubsub", since: "2.8.0",
			complexity: "O(N) for N channels", syntax: "PUBSUB CHANNELS [pattern]", summary: "Lists the channels that somebody listens to by name.", differs: differsPublish,
			run: runPubsubChannels,
		},
		{
			name: "pubsub|numsub", arity: -2, flags: "pubsub loading stale", categories: "pubsub", group: "pubsub", since: "2.8.0",
			complexity: "O(N) for N channels", syntax: "PUBSUB NUMSUB [channel [channel ...]]", summary: "Counts who listens to channels by name.", differs: differsPublish,
			run: func(c *conn, args [][]byte) error {
				c.out.Array(2 * len(args[2:]))
				for _, name := range args[2:] {
					c.out.Bulk(name)
					c.out.Int(int64(c.s.channels.listeners(string(name))))
				}
				return nil
			},
		},
		{
			name: "pubsub|numpat", arity: 2, flags: "pubsub loading stale", categories: "pubsub", group: "pubsub", since: "2.8.0",
			complexity: "O(1)", syntax: "PUBSUB NUMPAT", summary: "Counts the patterns that somebody listens to.", differs: differsPublish,
			run: func(c *conn, _ [][]byte) error { c.out.Int(int64(c.s.channels.patternCount())); return nil },
		},
	},
}

func runPubsubChannels(c *conn, args [][]byte) error {
	var pattern []byte
	switch {
	case len(args) > 3:
		return errSubSyntax(args)
	case len(args) == 3 && len(args[2]) > patternBytes:
		return refusef("ERR pattern too long: %d bytes, limit %d", len(args[2]), patternBytes)
	case len(args) == 3:
		pattern = args[2]
	}
	list := c.s.channels.active(pattern)
	c.out.Array(len(list))
	for _, name := range list {
		c.out.Text(name)
	}
	return nil
}
