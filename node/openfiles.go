package node

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"github.com/atollkv/atoll/server/grpcserver"
)

const (
	// ownFiles are what a node keeps for itself: the log, tables that are being written, the
	// connections to its peers and theirs, operators and HTTP.
	ownFiles = 32 + httpConnections + grpcserver.SparesMax + 16
	// tablesMin and tablesMax bound the tables of the store that are open at a time.
	tablesMin, tablesMax = 74, 1000
	// clientFilesMin is the least that is worth serving clients with.
	clientFilesMin = 54
	// openFilesMin is the smallest limit that a node starts with: 256.
	openFilesMin = ownFiles + tablesMin + clientFilesMin
)

// openFiles is how the files that the process may open are shared out.
type openFiles struct {
	limit       int
	tables      int
	connections int // of clients, at each door
}

// shareFiles shares out limit files. What the node needs itself comes first, so that no number of
// clients keeps it from storing and replicating.
func (c *Config) shareFiles(limit int) (openFiles, error) {
	if limit < openFilesMin {
		return openFiles{}, fmt.Errorf("the process may open %d files (ulimit -n); need at least %d", limit, openFilesMin)
	}
	doors := 1
	if c.RESP.Listen != "" {
		doors = 2
	}
	f := openFiles{limit: limit, tables: max(tablesMin, min(tablesMax, limit/4))}
	f.connections = min(int(c.Limits.MaxConnections), (limit-ownFiles-f.tables)/doors)
	return f, nil
}

// warning tells that there is room for fewer clients than configured, or nothing.
func (f openFiles) warning(c *Config) string {
	if int64(f.connections) >= c.Limits.MaxConnections {
		return ""
	}
	return fmt.Sprintf("limits.max_connections is %d, but the process may open %d files (ulimit -n): there is room for %d connections of clients at each address",
		c.Limits.MaxConnections, f.limit, f.connections)
}

// openFilesLimit asks the system; the Go runtime has raised it as far as it is allowed to.
func openFilesLimit() int {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil || r.Cur > math.MaxInt32 {
		return math.MaxInt32 // unknown, or no limit
	}
	return int(r.Cur)
}
