package respserver

// See https://redis.io/commands/client-unblock/

var rowClientUnblock = row{
	name: "client|unblock", arity: -3, flags: flagsClientAdmin, categories: dangerous, group: "connection", since: "5.0.0",
	complexity: "O(1)", syntax: "CLIENT UNBLOCK client-id [TIMEOUT | ERROR]", summary: "Ends the wait of another connection.",
	differs: "Of the commands that wait for keys, and of `WAIT` and `ATOLL.ACK`.",
	run:     runClientUnblock,
}

func runClientUnblock(c *conn, args [][]byte) error {
	var why error = errTimedOut
	switch {
	case len(args) > 4:
		return errSubSyntax(args)
	case len(args) == 4 && is(args[3], "ERROR"):
		why = errUnblocked
	case len(args) == 4 && !is(args[3], "TIMEOUT"):
		return refusal("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
	}
	id, err := integer(args[2])
	if err != nil {
		return err
	}
	c.out.Int(bit(c.s.unblock(id, why)))
	return nil
}

// unblock ends the wait of a connection; false where it does not wait.
func (s *Server) unblock(id int64, why error) bool {
	c := s.client(id)
	if c == nil {
		return false
	}
	end := c.look().unblock
	if end == nil {
		return false
	}
	end(why)
	return true
}
