package respserver

// See https://redis.io/commands/auth/

var rowAuth = row{
	name: "auth", arity: -2, flags: "noscript loading stale fast no_auth allow_busy", categories: "connection",
	group: "connection", since: "1.0.0", complexity: "O(1)", syntax: "AUTH [username] password",
	summary: "Authenticates the connection.", differs: "There is one user, `default`. Refused within MULTI.", alone: true,
	run: func(c *conn, args [][]byte) error {
		user, password := []byte(defaultUser), args[1]
		switch {
		case len(args) > 3:
			return errSyntax
		case len(args) == 3:
			user, password = args[1], args[2]
		case !c.s.key.set:
			return refusal("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
		}
		if !c.s.key.admits(user, password) {
			return errWrongPass
		}
		c.admit(true)
		c.out.Simple("OK")
		return nil
	},
}

func (c *conn) admit(yes bool) { c.admitted, c.limits.Guest = yes, !yes }
