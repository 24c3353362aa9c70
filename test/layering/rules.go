package layering

import "strings"

// module is the import path of this repository.
const module = "github.com/atollkv/atoll"

// layers is the house, top to bottom. A package may import packages of lower rows, and
// those of its own row that share its first pattern's folder. A pattern ending in /...
// covers the folder and everything below it. The first row that matches counts.
var layers = [][]string{
	{"cmd/...", "bench/...", "test/..."},
	{"client/clienttest"},
	{"node"},
	{"server/grpcserver", "server/respserver", "server/adminserver", "server/console"},
	{"server"},
	{"keyspace/command", "control/failover", "replication/grpctransport", "control/grpctransport", "replication/replicationtest"},
	{"keyspace", "replication/transfer", "replication/verify", "replication/feed", "control", "store/backup"},
	{"replication", "membership"},
	{"store"},
	{"crdt/crdttest"},
	{"crdt", "control/topology", "store/oplog", "membership/registry"},
	{"client"},
	{"proto/..."},
	{"clock", "server/resp", "internal/..."},
}

// wall forbids imports that the layers alone would let through.
type wall struct {
	from   []string // packages that the wall is around
	except []string // of these, not
	bars   []string // what they may not import
	why    string
}

var walls = []wall{
	{
		from: []string{"store/..."},
		bars: []string{"crdt/...", "keyspace/...", "proto/..."},
		why:  "store knows no types: only keyspace knows both types and storage",
	},
	{
		from: []string{"crdt/..."},
		bars: []string{"store/...", "proto/...", "internal/linkcut"},
		why:  "crdt knows no storage: only keyspace knows both types and storage",
	},
	{
		from: []string{"replication/..."},
		bars: []string{"crdt/...", "keyspace/..."},
		why:  "replication moves frames from a Log to an Applier: it knows neither types nor keyspaces",
	},
	{
		from:   []string{"..."},
		except: []string{"server/grpcserver", "server/adminserver", "replication/grpctransport", "control/grpctransport", "client/...", "cmd/...", "bench/...", "test/...", "proto/..."},
		bars:   []string{"proto/..."},
		why:    "generated protobuf code stays in servers, transports and clients: the rest speaks our own types",
	},
	{
		from:   []string{"client/..."},
		except: []string{"client/clienttest"},
		bars:   []string{"clock", "crdt/...", "store/...", "keyspace/...", "replication/...", "membership/...", "server/...", "node/...", "internal/..."},
		why:    "the SDK links grpc and protobuf only: nothing of the server comes with it",
	},
	{
		from: []string{"membership/..."},
		bars: []string{"store/...", "keyspace/...", "replication/...", "crdt/..."},
		why:  "membership is a hint: it knows nobody's data",
	},
}

// clockReaders may read the clock of the machine.
var clockReaders = []struct{ pattern, why string }{
	{"clock", "it is the one place that asks"},
	{"cmd/...", "programs, not parts"},
	{"bench/...", "measures"},
	{"test/...", "measures and waits"},
	{"client/...", "runs in other people's programs and measures its own waiting; no order depends on it"},
	{"internal/devcluster", "waits for processes; no order depends on it"},
	{"server/grpcserver", "measures how long requests take; no order depends on it"},
	{"server/respserver", "measures how long commands take and gives up on slow clients; no order depends on it"},
}

// clockFuncs are what reads or waits on the clock, in package time.
var clockNow = map[string]bool{"Now": true, "Since": true, "Until": true}

// matches tells whether pkg, relative to the module, is covered by pattern.
func matches(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	if base, deep := strings.CutSuffix(pattern, "/..."); deep {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pkg == pattern
}

func matchesAny(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if matches(p, pkg) {
			return true
		}
	}
	return false
}

// row returns the place of pkg in layers, and false when it has none.
func row(pkg string) (int, bool) {
	for i, patterns := range layers {
		if matchesAny(patterns, pkg) {
			return i, true
		}
	}
	return 0, false
}

// judge returns why pkg may not import imported, or "".
func judge(pkg, imported string) string {
	for _, w := range walls {
		if matchesAny(w.from, pkg) && !matchesAny(w.except, pkg) && matchesAny(w.bars, imported) && !sameFolder(w.from, pkg, imported) {
			return w.why
		}
	}
	from, known := row(pkg)
	if !known {
		return "" // reported once, by TestEveryPackageHasALayer
	}
	to, known := row(imported)
	switch {
	case !known:
		return ""
	case to > from:
		return ""
	case to == from && (from == 0 || strings.HasPrefix(imported, "internal/")):
		return ""
	}
	return "imports go down the list of layers only"
}

// sameFolder tells whether one pattern covers both packages: a wall stands around a
// folder, not between its rooms.
func sameFolder(patterns []string, a, b string) bool {
	for _, p := range patterns {
		if p != "..." && matches(p, a) && matches(p, b) {
			return true
		}
	}
	return false
}
