package respserver

import "testing"

func TestHyperLogLogs(t *testing.T) {
	p := open(t, nil).dial()
	p.script(`
		PFCOUNT h => :0
		PFADD h => :1
		PFADD h => :0
		EXISTS h => :1
		PFADD h a b c => :1
		PFADD h a => :0
		PFCOUNT h => :3
		PFADD i c d => :1
		PFCOUNT h i none => :4
		PFMERGE j h i => +OK
		PFCOUNT j => :4
		PFMERGE k => +OK
		EXISTS k => :1
		TYPE h => +hyperloglog
		SET s v => +OK
		PFADD s a => -WRONGTYPE Key is not a valid HyperLogLog string value.
		PFCOUNT h s => -WRONGTYPE Key is not a valid HyperLogLog string value.
		SADD set a => :1
		PFMERGE h set => -WRONGTYPE Operation against a key holding the wrong kind of value
		GET h => -WRONGTYPE Operation against a key holding the wrong kind of value
		PFADD => -ERR wrong number of arguments for 'pfadd' command
		COPY j copy => :1
		PFCOUNT copy => :4
		EXPIRE h 100 => :1
		DEL h => :1
		PFCOUNT h => :0
	`)
}
