package respserver

import "testing"

func TestClientReply(t *testing.T) {
	p := open(t, nil).dial()
	p.send("CLIENT REPLY SKIP\r\nSET k 1\r\nINCR k\r\n")
	p.expect(":2\r\n")
	p.send("CLIENT REPLY OFF\r\nINCR k\r\nFOO\r\nCLIENT REPLY SKIP\r\nINCR k\r\nGET k\r\nINCR k\r\nINCR k\r\nCLIENT REPLY ON\r\nGET k\r\n")
	p.expect("+OK\r\n$1\r\n6\r\n")
	p.script("CLIENT REPLY x => -ERR syntax error")
	p.send("CLIENT REPLY SKIP\r\nMULTI\r\nINCR k\r\nCLIENT REPLY OFF\r\nPING\r\nEXEC\r\nCLIENT REPLY ON\r\nGET k\r\n")
	p.expect("+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+OK\r\n$1\r\n7\r\n")
	p.send("CLIENT REPLY OFF\r\nRESET\r\nPING\r\n")
	p.expect("+RESET\r\n+PONG\r\n")
}
