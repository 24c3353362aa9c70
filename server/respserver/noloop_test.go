package respserver

import "testing"

// TestOwnWritesAreNotTold: with NOLOOP, by whatever kind of command; those of others are, also after one's own.
func TestOwnWritesAreNotTold(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script(hello3)
	p.script(`
		CLIENT TRACKING ON NOLOOP => +OK
		GET k => _
		GET l => _
		SET k mine => +OK
		RPUSH l a => :1
		BLPOP l 0 => *2⏎$1⏎l⏎$1⏎a
		MULTI => +OK
		SET k mine => +QUEUED
		EXEC => *1⏎+OK
		PING => +PONG
	`)
	other.script("SET k theirs => +OK")
	p.expect(invalidate("k"))
	p.script(`
		GET k => $6⏎theirs
		CLIENT TRACKING ON => +OK
	`)
	p.send("SET k mine\r\n")
	p.expect(invalidate("k") + "+OK\r\n")
}

func TestOwnWritesAreNotToldByPrefix(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	p.script(hello3)
	p.script(`
		CLIENT TRACKING ON BCAST NOLOOP => +OK
		SET a 1 => +OK
		PING => +PONG
	`)
	other.script("SET b 1 => +OK")
	p.expect(invalidate("b"))
}

// TestTheTableOfTrackedKeysIsBoundedByConfig: less is remembered at once, and who is forgotten is told.
func TestTheTableOfTrackedKeysIsBoundedByConfig(t *testing.T) {
	d := open(t, nil)
	p, other := d.dial(), d.dial()
	other.script(`
		CONFIG GET tracking-table-max-keys => *2⏎$23⏎tracking-table-max-keys⏎$7⏎1000000
		CONFIG SET tracking-table-max-keys 0 => -ERR CONFIG SET failed (possibly related to argument 'tracking-table-max-keys') - argument must be between 1 and 1000000 inclusive
		CONFIG SET tracking-table-max-keys 1000001 => -ERR CONFIG SET failed (possibly related to argument 'tracking-table-max-keys') - argument must be between 1 and 1000000 inclusive
	`)
	p.script(hello3)
	p.script(`
		CLIENT TRACKING ON => +OK
		GET a => _
		GET b => _
	`)
	other.script("CONFIG SET tracking-table-max-keys 1 => +OK")
	if _, keys, items := d.tracked.counts(); keys != 1 || items != 1 {
		t.Errorf("%d keys of %d pairs are remembered", keys, items)
	}
	if got := p.line(); got != ">2" {
		t.Errorf("got %q", got)
	}
}
