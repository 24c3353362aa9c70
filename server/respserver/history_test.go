package respserver

import "testing"

func TestHistoryIsAskedForProperly(t *testing.T) {
	d := open(t, nil)
	p := d.dial()
	p.script(`
		ATOLL.HISTORY k => *8⏎$7⏎updates⏎*0⏎$9⏎looked-at⏎:0⏎$9⏎looked-to⏎:0⏎$5⏎reach⏎*0
		ATOLL.HISTORY k COUNT 0 => -ERR COUNT must be between 1 and 1000
		ATOLL.HISTORY k COUNT 1001 => -ERR COUNT must be between 1 and 1000
		ATOLL.HISTORY k COUNT x => -ERR value is not an integer or out of range
		ATOLL.HISTORY k COUNT => -ERR syntax error
		ATOLL.HISTORY k FOO 1 => -ERR syntax error
		ATOLL.CONFLICTS => *6⏎$5⏎total⏎:0⏎$6⏎missed⏎:0⏎$9⏎conflicts⏎*0
		MULTI => +OK
		ATOLL.HISTORY k => -ERR Command not allowed inside a transaction
		DISCARD => +OK
		MULTI => +OK
		ATOLL.CONFLICTS => +QUEUED
		EXEC => *1⏎*6⏎$5⏎total⏎:0⏎$6⏎missed⏎:0⏎$9⏎conflicts⏎*0
	`)
}
