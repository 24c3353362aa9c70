package freeport

import (
	"fmt"
	"net"
	"testing"
)

func TestBaseGivesPortsThatCanBeTaken(t *testing.T) {
	base, err := Base(30)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+29))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if free(base, 30) {
		t.Error("a range with a listener counts as free")
	}
}
