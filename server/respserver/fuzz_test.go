package respserver

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// FuzzServer sends bytes to a real server: it may answer or hang up, and serves the next client, whole
// and without anything held.
func FuzzServer(f *testing.F) {
	for _, seed := range []string{
		array("SET", "k", "v", "NX", "GET"), array("MULTI") + array("SET", "k", "v") + array("EXEC"), "*3\r\n$3\r\nSET\r\n$1", "HELLO 3 AUTH a b\r\n",
		array("SCAN", "0", "MATCH", "[^a-"), array("CLIENT", "LIST", "ID", "1"), array("CONFIG", "SET", "timeout", "0"), array("COMMAND", "GETKEYS", "mset", "a"),
		array("GETRANGE", "k", "-9223372036854775808", "9223372036854775807"), array("SETRANGE", "k", "1", "x"), array("COMMAND", "DOCS"), "INFO\r\nRESET\r\nQUIT\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if bytes.Contains(bytes.ToLower(in), []byte("config")) {
			return // it may leave no room for clients
		}
		d := open(t, nil)
		conn, err := net.Dial("tcp", d.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(5 * time.Minute))
		_, _ = conn.Write(in) // it may hang up before all is sent
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
		p := d.dial()
		p.send("PING\r\n")
		p.expect("+PONG\r\n")
	})
}
