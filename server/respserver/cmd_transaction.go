package respserver

// See https://redis.io/docs/latest/develop/interact/transactions/

var rowMulti = row{
	name: "multi", arity: 1, flags: "noscript loading stale fast allow_busy", categories: "transaction",
	group: "transactions", since: "1.2.0", complexity: "O(1)", syntax: "MULTI",
	summary: "Begins a transaction: what follows is queued for EXEC.", immediate: true,
	run: func(c *conn, _ [][]byte) error {
		if c.tx != nil {
			return refusal("ERR MULTI calls can not be nested")
		}
		c.tx = &transaction{}
		c.see(func(v *seen) { v.queued = 0 })
		c.out.Simple("OK")
		return nil
	},
}

var rowExec = row{
	name: "exec", arity: 1, flags: "noscript loading stale skip_slowlog", categories: "transaction",
	group: "transactions", since: "1.2.0", complexity: "Depends on commands in the transaction", syntax: "EXEC",
	summary: "Runs the queued commands as one update.", immediate: true,
	differs: "The update is one at every region: it becomes visible there as a whole. It is not isolated from concurrent updates of other regions.",
	run: func(c *conn, _ [][]byte) error {
		if c.tx == nil {
			return refusal("ERR EXEC without MULTI")
		}
		return c.exec()
	},
}

var rowDiscard = row{
	name: "discard", arity: 1, flags: "noscript loading stale fast allow_busy", categories: "transaction",
	group: "transactions", since: "2.0.0", complexity: "O(N), when N is the number of queued commands", syntax: "DISCARD",
	summary: "Forgets the queued commands.", immediate: true,
	run: func(c *conn, _ [][]byte) error {
		if c.tx == nil {
			return refusal("ERR DISCARD without MULTI")
		}
		c.endTransaction()
		c.out.Simple("OK")
		return nil
	},
}
