package respserver

import "testing"

func TestBoundedCounters(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		ATOLL.BCOUNTER GET stock => $-1
		ATOLL.BCOUNTER DECRBY stock 1 => -ERR no such key
		ATOLL.BCOUNTER CREATE stock 0 abc => -ERR value is not an integer or out of range
		ATOLL.BCOUNTER CREATE stock 5 4 => -ERR the value is below the bound
		ATOLL.BCOUNTER CREATE stock -1 10 => +OK
		ATOLL.BCOUNTER CREATE stock 0 1 => -ERR the key exists; delete it first
		ATOLL.BCOUNTER GET stock => :10
		TYPE stock => +bcounter
		GET stock => -WRONGTYPE Operation against a key holding the wrong kind of value
		ATOLL.BCOUNTER DECRBY stock 4 => :6
		ATOLL.BCOUNTER INCRBY stock 2 => :8
		ATOLL.BCOUNTER DECRBY stock 0 => -ERR the amount must be 1 or more
		ATOLL.BCOUNTER INCRBY stock -3 => -ERR the amount must be 1 or more
		ATOLL.BCOUNTER DECRBY stock 10 => -NORIGHTS 10 wanted, 9 are left above the bound
		ATOLL.BCOUNTER GRANT stock mars 1 => -ERR no other node of that region has written here yet
		ATOLL.BCOUNTER GRANT stock mars 10 => -NORIGHTS 10 wanted, 9 are left above the bound
		ATOLL.BCOUNTER RECLAIM stock => :0
		ATOLL.BCOUNTER RIGHTS none => *0
		ATOLL.BCOUNTER DECRBY stock => -ERR wrong number of arguments for 'atoll.bcounter|decrby' command
		ATOLL.BCOUNTER SELL stock 1 => -ERR unknown subcommand 'SELL'. Try ATOLL.BCOUNTER HELP.
		COPY stock other => -ERR a bounded counter cannot be copied or renamed: other regions may be spending from it
		RENAME stock other => -ERR a bounded counter cannot be copied or renamed: other regions may be spending from it
		MULTI => +OK
		ATOLL.BCOUNTER DECRBY stock 9 => +QUEUED
		ATOLL.BCOUNTER DECRBY stock 1 => +QUEUED
		ATOLL.BCOUNTER INCRBY stock 1 => +QUEUED
		COPY stock other => +QUEUED
		EXEC => *4⏎:-1⏎-NORIGHTS 1 wanted, 0 are left above the bound⏎:0⏎-ERR a bounded counter cannot be copied or renamed: other regions may be spending from it
		EXPIRE stock 100 => :1
		DEL stock => :1
		ATOLL.BCOUNTER GET stock => $-1
		EXISTS stock => :0
		DBSIZE => :0
	`)
}
