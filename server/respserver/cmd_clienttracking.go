package respserver

import (
	"slices"
	"strings"
)

// See https://redis.io/commands/client-tracking/, and likewise client-caching,
// client-trackinginfo and client-getredir.

// prefixMax bounds the prefixes of a client; each may be as long as a pattern.
const prefixMax = 1000

var rowClientTracking = row{
	name: "client|tracking", arity: -3, flags: flagsClient, categories: "connection", group: "connection", since: "6.0.0",
	complexity: "O(1)", syntax: "CLIENT TRACKING <ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
	summary: "Tells the client of changes of keys that it has read, by whatever region.",
	differs: "A change is told when this node begins to show it, before its writer is answered. One message may name several keys, also of those that only changed form. With NOLOOP a client is not told of a key that it alone has changed in a commit, and goes on being told of it. FLUSHALL names the keys. At most 1,000 prefixes.",
	run:     runClientTracking,
}

var rowClientCaching = row{
	name: "client|caching", arity: 3, flags: flagsClient, categories: "connection", group: "connection", since: "6.0.0",
	complexity: "O(1)", syntax: "CLIENT CACHING <YES | NO>", summary: "Makes the next command the exception of OPTIN or OPTOUT.",
	run: runClientCaching,
}

var rowClientTrackingInfo = row{
	name: "client|trackinginfo", arity: 2, flags: flagsClient, categories: "connection", group: "connection", since: "6.2.0",
	complexity: "O(1)", syntax: "CLIENT TRACKINGINFO", summary: "Returns what CLIENT TRACKING has chosen.",
	run: runClientTrackingInfo,
}

var rowClientGetRedir = row{
	name: "client|getredir", arity: 2, flags: flagsClient, categories: "connection", group: "connection", since: "6.0.0",
	complexity: "O(1)", syntax: "CLIENT GETREDIR", summary: "Returns the client that is told of changes: 0 for this one, -1 for none.",
	run: func(c *conn, _ [][]byte) error { c.out.Int(c.redirected()); return nil },
}

const errSwitchMode = "before disabling tracking for this client, and then re-enabling it with a different mode."

func runClientTracking(c *conn, args [][]byte) error {
	m, err := c.readTracking(args[3:])
	m.on = true
	switch {
	case err != nil:
		return err
	case is(args[2], "OFF"):
		c.trackNothing()
	case !is(args[2], "ON"):
		return errSyntax
	case c.s.cfg.Changes == nil:
		return refusal("ERR this node does not tell of changes")
	default:
		if err := c.mayTrack(&m); err != nil {
			return err
		}
		c.track(m)
	}
	c.out.Simple("OK")
	return nil
}

func (c *conn) readTracking(options [][]byte) (m trackingMode, err error) {
	for ; len(options) > 0; options = options[1:] {
		switch word := options[0]; {
		case is(word, "BCAST"):
			m.broadcast = true
		case is(word, "OPTIN"):
			m.optIn = true
		case is(word, "OPTOUT"):
			m.optOut = true
		case is(word, "NOLOOP"):
			m.noLoop = true
		case is(word, "PREFIX") && len(options) > 1:
			options = options[1:]
			if len(options[0]) > patternBytes || len(m.prefixes) >= prefixMax {
				return m, refusef("ERR too many prefixes, or one too long: limits %d and %d bytes", prefixMax, patternBytes)
			}
			m.prefixes = append(m.prefixes, string(options[0]))
		case is(word, "REDIRECT") && len(options) > 1:
			options = options[1:]
			if m.redirect != 0 {
				return m, refusal("ERR A client can only redirect to a single other client")
			}
			if m.redirect, err = integer(options[0]); err != nil {
				return m, err
			}
			if c.s.client(m.redirect) == nil {
				return m, refusal("ERR The client ID you want redirect to does not exist")
			}
		default:
			return m, errSyntax
		}
	}
	return m, nil
}

// mayTrack checks options together, and adds to m what stays of the mode that there is.
func (c *conn) mayTrack(m *trackingMode) error {
	old, _ := c.tracking.look()
	switch {
	case len(m.prefixes) > 0 && !m.broadcast:
		return refusal("ERR PREFIX option requires BCAST mode to be enabled")
	case old.on && old.broadcast != m.broadcast:
		return refusal("ERR You can't switch BCAST mode on/off " + errSwitchMode)
	case m.broadcast && (m.optIn || m.optOut):
		return refusal("ERR OPTIN and OPTOUT are not compatible with BCAST")
	case m.optIn && m.optOut:
		return refusal("ERR You can't specify both OPTIN mode and OPTOUT mode")
	case m.optIn && old.optOut || m.optOut && old.optIn:
		return refusal("ERR You can't switch OPTIN/OPTOUT mode " + errSwitchMode)
	}
	return m.join(old.prefixes)
}

// join adds prefixes that were there before, in order; without any, all keys begin with "".
func (m *trackingMode) join(old []string) error {
	for i, p := range m.prefixes {
		if q := overlapping(p, old); q != nil {
			return errOverlap(p, "an existing", *q)
		}
		if q := overlapping(p, m.prefixes[i+1:]); q != nil {
			return errOverlap(p, "another provided", *q)
		}
	}
	if m.broadcast && len(m.prefixes) == 0 && !slices.Contains(old, "") {
		m.prefixes = []string{""}
	}
	m.prefixes = append(m.prefixes, old...)
	if len(m.prefixes) > prefixMax {
		return refusef("ERR too many prefixes: limit %d", prefixMax)
	}
	slices.Sort(m.prefixes)
	return nil
}

// overlapping returns one of which p is the begin, or that is the begin of p; nil if there is none.
func overlapping(p string, list []string) *string {
	for i, q := range list {
		if strings.HasPrefix(p, q) || strings.HasPrefix(q, p) {
			return &list[i]
		}
	}
	return nil
}

func errOverlap(p, what, q string) error {
	return refusef("ERR Prefix '%s' overlaps with %s prefix '%s'. Prefixes for a single client must not overlap.", echo([]byte(p)), what, echo([]byte(q)))
}

func runClientCaching(c *conn, args [][]byte) error {
	m, _ := c.tracking.look()
	switch {
	case !m.on:
		return refusal("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	case is(args[2], "YES") && !m.optIn:
		return refusal("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	case is(args[2], "NO") && !m.optOut:
		return refusal("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	case !is(args[2], "YES") && !is(args[2], "NO"):
		return errSyntax
	}
	c.tracking.caching = true
	c.out.Simple("OK")
	return nil
}

// redirected is the client that is told, -1 where none is.
func (c *conn) redirected() int64 {
	m, _ := c.tracking.look()
	if !m.on {
		return -1
	}
	return m.redirect
}

func runClientTrackingInfo(c *conn, _ [][]byte) error {
	m, broken := c.tracking.look()
	var flags []string
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"off", !m.on}, {"on", m.on}, {"bcast", m.broadcast},
		{"optin", m.optIn}, {"caching-yes", m.optIn && c.tracking.caching},
		{"optout", m.optOut}, {"caching-no", m.optOut && c.tracking.caching},
		{"noloop", m.noLoop}, {"broken_redirect", broken},
	} {
		if f.on {
			flags = append(flags, f.name)
		}
	}
	w := &c.out
	w.Map(3)
	w.Text("flags")
	w.Set(len(flags))
	for _, f := range flags {
		w.Text(f)
	}
	w.Text("redirect")
	w.Int(c.redirected())
	w.Text("prefixes")
	w.Array(len(m.prefixes))
	for _, p := range m.prefixes {
		w.Text(p)
	}
	return nil
}
