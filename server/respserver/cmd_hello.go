package respserver

// See https://redis.io/commands/hello/

// redisVersion is the version of Redis whose commands are answered, for clients that ask.
const redisVersion = "7.0.15"

var rowHello = row{
	name: "hello", arity: -1, flags: "noscript loading stale fast no_auth allow_busy", categories: "connection",
	group: "connection", since: "6.0.0", complexity: "O(1)", syntax: "HELLO [protover [AUTH username password] [SETNAME clientname]]",
	summary: "Chooses version 2 or 3 of the protocol, authenticates, and tells about the server.",
	differs: "Refused within MULTI.", alone: true, run: runHello,
}

const errHelloNoAuth refusal = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"

// greeting is what HELLO asks for.
type greeting struct {
	version        int64 // 0 keeps the one there is
	user, password []byte
	name           []byte
}

func readHello(args [][]byte) (g greeting, err error) {
	if len(args) == 0 {
		return g, nil
	}
	if g.version, err = integer(args[0]); err != nil {
		return g, refusal("ERR Protocol version is not an integer or out of range")
	}
	if g.version < 2 || g.version > 3 {
		return g, refusal("NOPROTO unsupported protocol version")
	}
	for args = args[1:]; len(args) > 0; {
		switch {
		case is(args[0], "AUTH") && len(args) > 2:
			g.user, g.password, args = args[1], args[2], args[3:]
		case is(args[0], "SETNAME") && len(args) > 1:
			if err := checkName("Client names", args[1]); err != nil {
				return g, err
			}
			g.name, args = args[1], args[2:]
		default:
			return g, refusef("ERR Syntax error in HELLO option '%s'", echo(args[0]))
		}
	}
	return g, nil
}

func runHello(c *conn, args [][]byte) error {
	g, err := readHello(args[1:])
	if err != nil {
		return err
	}
	if g.user != nil {
		if !c.s.key.admits(g.user, g.password) {
			return errWrongPass
		}
		c.admit(true)
	}
	if !c.admitted {
		return errHelloNoAuth
	}
	if g.name != nil {
		c.see(func(v *seen) { v.name = string(g.name) })
	}
	if g.version != 0 {
		c.setVersion(int(g.version))
	}
	c.greet()
	return nil
}

func (c *conn) setVersion(n int) {
	c.out.Version = n
	c.see(func(v *seen) { v.version = n })
}

func (c *conn) greet() {
	w := &c.out
	w.Map(7)
	w.Text("server")
	w.Text("atoll")
	w.Text("version")
	w.Text(redisVersion)
	w.Text("proto")
	w.Int(int64(c.look().version))
	w.Text("id")
	w.Int(c.id)
	w.Text("mode")
	w.Text("standalone")
	w.Text("role")
	w.Text("master")
	w.Text("modules")
	w.Array(0)
}
