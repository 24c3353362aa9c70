package client

import (
	"go/build"
	"strings"
	"testing"
)

// TestOnlyGRPCAndProtobufAreImported keeps the SDK small: whoever imports it gets
// nothing of the server.
func TestOnlyGRPCAndProtobufAreImported(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		first, _, _ := strings.Cut(path, "/")
		switch {
		case !strings.Contains(first, "."):
		case strings.HasPrefix(path, "google.golang.org/grpc"), strings.HasPrefix(path, "google.golang.org/protobuf"):
		case path == "github.com/atollkv/atoll/proto/atoll/v1":
		default:
			t.Errorf("client imports %s", path)
		}
	}
}
