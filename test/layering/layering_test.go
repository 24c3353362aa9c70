package layering

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// house loads the tree once per test.
func house(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	all, err := load(fset)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d files found: is the test looking at the right folder?", len(all))
	}
	return fset, all
}

// TestImportsGoDown holds every import of every file against the layers and the walls.
// Tests may look where they like: what they import is not in the product.
func TestImportsGoDown(t *testing.T) {
	fset, all := house(t)
	for _, s := range all {
		if s.test {
			continue
		}
		for imported, pos := range s.imports() {
			if why := judge(s.pkg, imported); why != "" {
				t.Errorf("%s:%d: %s imports %s: %s", s.name, fset.Position(pos).Line, s.pkg, imported, why)
			}
		}
	}
}

// TestEveryPackageHasALayer finds packages that the list of layers does not know.
func TestEveryPackageHasALayer(t *testing.T) {
	_, all := house(t)
	for _, pkg := range packages(all) {
		if _, known := row(pkg); !known {
			t.Errorf("%s: package is in no layer: give it a row in test/layering/rules.go", pkg)
		}
	}
}

// TestEveryPackageHasADoc looks for doc.go with a package comment.
func TestEveryPackageHasADoc(t *testing.T) {
	_, all := house(t)
	for _, pkg := range packages(all) {
		if strings.HasPrefix(pkg, "proto/") {
			continue // generated: the comments are in the .proto files
		}
		text, err := os.ReadFile(filepath.Join(top, pkg, "doc.go"))
		if err != nil {
			t.Errorf("%s: every package says in doc.go what it answers, promises and refuses", pkg)
			continue
		}
		if !strings.Contains(string(text), "\n// ") && !strings.HasPrefix(string(text), "// ") {
			t.Errorf("%s/doc.go: has no package comment", pkg)
		}
	}
}

// TestClockIsReadInOnePlace finds readings of the machine's clock elsewhere.
func TestClockIsReadInOnePlace(t *testing.T) {
	fset, all := house(t)
	for _, s := range all {
		if s.test || mayReadClock(s.pkg) {
			continue
		}
		name := s.imported("time")
		if name == "" {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if f, pos := qualified(n, name); clockNow[f] {
				t.Errorf("%s:%d: time.%s: the clock is read in package clock only; take a clock.Wall", s.name, fset.Position(pos).Line, f)
			}
			return true
		})
	}
}

func mayReadClock(pkg string) bool {
	for _, r := range clockReaders {
		if matches(r.pattern, pkg) {
			return true
		}
	}
	return false
}

// TestRulesCatch plants offences and expects each to be named.
func TestRulesCatch(t *testing.T) {
	offences := []struct{ from, to, why string }{
		{"store", "crdt", "store knows no types"},
		{"crdt", "store", "crdt knows no storage"},
		{"replication", "crdt", "knows neither"},
		{"replication/grpctransport", "keyspace", "knows neither"},
		{"keyspace", "proto/atoll/v1", "generated protobuf"},
		{"node", "proto/atoll/v1", "generated protobuf"},
		{"client", "server", "links grpc and protobuf only"},
		{"clock", "crdt", "down the list"},
		{"keyspace", "server", "down the list"},
		{"keyspace", "keyspace/command", "down the list"},
		{"server", "server/grpcserver", "down the list"},
		{"server", "node", "down the list"},
	}
	for _, o := range offences {
		if got := judge(o.from, o.to); !strings.Contains(got, o.why) {
			t.Errorf("%s imports %s: got %q, want a rule that says %q", o.from, o.to, got, o.why)
		}
	}
	for _, fine := range [][2]string{
		{"keyspace", "crdt"}, {"keyspace", "store"}, {"store", "store/oplog"}, {"crdt/crdttest", "crdt"},
		{"client", "proto/atoll/v1"}, {"replication/grpctransport", "proto/atoll/v1"}, {"node", "server/grpcserver"},
	} {
		if why := judge(fine[0], fine[1]); why != "" {
			t.Errorf("%s imports %s: refused because %s", fine[0], fine[1], why)
		}
	}
}

// packages lists the folders with Go files other than tests, sorted.
func packages(all []source) []string {
	var list []string
	for _, s := range all {
		if !s.test {
			list = append(list, s.pkg)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
