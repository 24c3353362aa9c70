package respserver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// BenchmarkPipeline sends 16 commands at a time on one connection and reads their replies; an operation
// is one command.
func BenchmarkPipeline(b *testing.B) {
	const depth = 16
	for _, c := range []struct{ command, reply string }{
		{array("PING"), "+PONG\r\n"}, {array("GET", "key"), "$256\r\n" + strings.Repeat("v", 256) + "\r\n"}, {array("SET", "key", strings.Repeat("v", 256)), "+OK\r\n"},
	} {
		b.Run(strings.Fields(c.command)[2], func(b *testing.B) {
			d := open(b, nil)
			conn, err := net.Dial("tcp", d.address)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			fmt.Fprint(conn, array("SET", "key", strings.Repeat("v", 256)))
			if _, err := in.ReadString('\n'); err != nil {
				b.Fatal(err)
			}
			batch, replies := []byte(strings.Repeat(c.command, depth)), make([]byte, depth*len(c.reply))
			b.ResetTimer()
			for done := 0; done < b.N; done += depth {
				if _, err := conn.Write(batch); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(in, replies); err != nil {
					b.Fatal(err)
				}
			}
			if string(replies[:len(c.reply)]) != c.reply {
				b.Fatalf("%q", replies[:min(len(replies), 100)])
			}
		})
	}
}
