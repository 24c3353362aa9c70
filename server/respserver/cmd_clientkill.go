package respserver

// killFilter says which connections CLIENT KILL means.
type killFilter struct {
	id      int64
	spares  bool // the one who asks
	address string
	local   string
	kind    string // "" is any
	none    bool   // a kind that nobody is of
}

func runClientKill(c *conn, args [][]byte) error {
	if len(args) == 3 { // the old form
		for _, other := range c.s.clients() {
			if other.net.RemoteAddr().String() == string(args[2]) {
				c.killOne(other)
				c.out.Simple("OK")
				return nil
			}
		}
		return refusal("ERR No such client")
	}
	f, err := readKillFilter(args[2:])
	if err != nil {
		return err
	}
	n := int64(0)
	for _, other := range c.s.clients() {
		if f.means(other) && (other != c || !f.spares) {
			c.killOne(other)
			n++
		}
	}
	c.out.Int(n)
	return nil
}

func readKillFilter(args [][]byte) (f killFilter, err error) {
	f.spares = true
	if len(args)%2 != 0 {
		return f, errSyntax
	}
	for ; len(args) > 0; args = args[2:] {
		switch name, value := args[0], args[1]; {
		case is(name, "ID"):
			if f.id, err = integer(value); err != nil || f.id < 1 {
				return f, refusal("ERR client-id should be greater than 0")
			}
		case is(name, "TYPE"):
			if f.kind, err = clientKind(value); err != nil {
				return f, err
			}
			f.none = f.kind == ""
		case is(name, "ADDR"):
			f.address = string(value)
		case is(name, "LADDR"):
			f.local = string(value)
		case is(name, "USER"):
			if string(value) != defaultUser {
				return f, refusef("ERR No such user '%s'", echo(value))
			}
		case is(name, "SKIPME") && (is(value, "YES") || is(value, "NO")):
			f.spares = is(value, "YES")
		default:
			return f, errSyntax
		}
	}
	return f, nil
}

func (f *killFilter) means(c *conn) bool {
	return !f.none && (f.kind == "" || f.kind == c.kind()) && (f.id == 0 || f.id == c.id) &&
		(f.address == "" || f.address == c.net.RemoteAddr().String()) &&
		(f.local == "" || f.local == c.net.LocalAddr().String())
}

// killOne ends a connection: this one behind its reply.
func (c *conn) killOne(other *conn) {
	if other == c {
		c.closing = true
		return
	}
	other.kill()
}
