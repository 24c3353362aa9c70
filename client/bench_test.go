package client_test

import (
	"testing"

	"github.com/atollkv/atoll/client/clienttest"
)

// BenchmarkPipelined measures operations of many goroutines over one stream, client and
// server in one process, on a memory filesystem.
func BenchmarkPipelined(b *testing.B) {
	db := clienttest.NewServer(b).Dial(b)
	value := make([]byte, 100)
	b.Run("set", func(b *testing.B) {
		b.SetParallelism(64)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if err := db.Register("k").Set(b.Context(), value); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
	b.Run("get", func(b *testing.B) {
		b.SetParallelism(64)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := db.Register("k").Get(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
