package layering

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// core is a package whose files, but for its shells, always do the same with the same
// inputs: that is what lets one seed replay a whole cluster.
type core struct {
	pkg string
	// shells are the files that may use goroutines, timers and randomness: each drives
	// the pure rest.
	shells []string
}

var pure = []core{
	{pkg: "clock", shells: []string{"wall.go"}},
	{pkg: "crdt"},
	{pkg: "membership/registry"},
	{pkg: "store/oplog"},
	{pkg: "keyspace", shells: []string{"loop.go", "shard.go", "shardcontrol.go", "shardfilter.go", "shardtransfer.go", "shardlimits.go", "shardsession.go", "shardwait.go"}},
	{pkg: "keyspace/command"},
	{pkg: "replication", shells: []string{"config.go", "look.go", "peer.go", "pull.go", "replicator.go", "serve.go", "session.go"}},
	{pkg: "replication/transfer", shells: []string{"fetcher.go", "pins.go", "progress.go", "range.go", "server.go"}},
}

// timeFuncs of package time read the machine's clock or wait on it.
var timeFuncs = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true, "Tick": true,
	"NewTimer": true, "NewTicker": true,
}

// seededRand are the functions of math/rand that make a generator from a seed; all
// others draw from a global one.
var seededRand = map[string]bool{
	"New": true, "NewSource": true, "NewPCG": true, "NewChaCha8": true, "NewZipf": true, "Rand": true, "Source": true,
	"PCG": true, "ChaCha8": true, "Zipf": true,
}

// offence is one place that breaks a rule.
type offence struct {
	pos  token.Pos
	what string
}

// impure finds what a pure file may not do. info may be nil: then ranges over maps are
// not seen.
func impure(s source, info *types.Info) []offence {
	var found []offence
	add := func(pos token.Pos, format string, args ...any) {
		found = append(found, offence{pos, fmt.Sprintf(format, args...)})
	}
	names := map[string]string{}
	for _, p := range []string{"time", "math/rand", "math/rand/v2", "crypto/rand"} {
		names[p] = s.imported(p)
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			add(n.Pos(), "starts a goroutine")
		case *ast.SelectStmt:
			add(n.Pos(), "selects on channels")
		case *ast.FuncDecl:
			if info != nil && n.Body != nil {
				found = append(found, mapRanges(n.Body, info)...)
			}
		case *ast.SelectorExpr:
			if f, pos := qualified(n, names["time"]); names["time"] != "" && timeFuncs[f] {
				add(pos, "uses time.%s", f)
			}
			for _, p := range []string{"math/rand", "math/rand/v2"} {
				if f, pos := qualified(n, names[p]); names[p] != "" && f != "" && !seededRand[f] {
					add(pos, "draws from global randomness by rand.%s", f)
				}
			}
			if f, pos := qualified(n, names["crypto/rand"]); names["crypto/rand"] != "" && f != "" {
				add(pos, "draws from global randomness by crypto/rand.%s", f)
			}
		}
		return true
	})
	return found
}

// mapRanges finds loops over maps whose order may show. A loop is fine when its
// function sorts afterwards, or when it only does what gives the same in any order.
func mapRanges(body *ast.BlockStmt, info *types.Info) []offence {
	var found []offence
	ast.Inspect(body, func(n ast.Node) bool {
		loop, ok := n.(*ast.RangeStmt)
		if !ok || !isMap(info.TypeOf(loop.X)) {
			return true
		}
		if !sortsAfter(body, loop.End()) && !commutes(loop.Body.List, info) {
			found = append(found, offence{loop.Pos(), "ranges over a map without sorting: the order is random"})
		}
		return true
	})
	return found
}

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// sortsAfter tells whether something is sorted in body behind pos.
func sortsAfter(body *ast.BlockStmt, pos token.Pos) bool {
	sorts := false
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && call.Pos() >= pos {
			name := types.ExprString(call.Fun)
			sorts = sorts || strings.HasPrefix(name[strings.LastIndexByte(name, '.')+1:], "Sort") || strings.HasPrefix(name, "sort.")
		}
		return !sorts
	})
	return sorts
}

// commutes tells whether the statements give the same whatever the order of rounds:
// they fill or empty maps, count, add up, take minima and maxima, or look for a case.
func commutes(list []ast.Stmt, info *types.Info) bool {
	for _, st := range list {
		if !stmtCommutes(st, info) {
			return false
		}
	}
	return true
}

func stmtCommutes(st ast.Stmt, info *types.Info) bool {
	switch st := st.(type) {
	case *ast.IncDecStmt, *ast.BranchStmt:
		return true
	case *ast.ExprStmt:
		call, ok := st.X.(*ast.CallExpr)
		return ok && types.ExprString(call.Fun) == "delete"
	case *ast.AssignStmt:
		return assignCommutes(st, info)
	case *ast.IfStmt:
		if st.Init != nil && !stmtCommutes(st.Init, info) {
			return false
		}
		if st.Else != nil && !stmtCommutes(st.Else, info) {
			return false
		}
		return commutes(st.Body.List, info)
	case *ast.BlockStmt:
		return commutes(st.List, info)
	case *ast.RangeStmt:
		return commutes(st.Body.List, info)
	case *ast.SwitchStmt:
		return commutes(st.Body.List, info)
	case *ast.CaseClause:
		return commutes(st.Body, info)
	case *ast.ReturnStmt: // "is there one": the same answer whichever is met first
		return !slices.ContainsFunc(st.Results, func(e ast.Expr) bool { return !isConstant(e, info) })
	}
	return false
}

func assignCommutes(st *ast.AssignStmt, info *types.Info) bool {
	switch st.Tok {
	case token.ADD_ASSIGN:
		b, ok := info.TypeOf(st.Lhs[0]).Underlying().(*types.Basic)
		return ok && b.Info()&types.IsInteger != 0 // floats and strings do care
	case token.OR_ASSIGN, token.AND_ASSIGN, token.XOR_ASSIGN, token.DEFINE:
		return true
	}
	for i, l := range st.Lhs {
		ix, intoMap := l.(*ast.IndexExpr)
		if intoMap && isMap(info.TypeOf(ix.X)) {
			continue
		}
		if i < len(st.Rhs) && (isConstant(st.Rhs[i], info) || isExtreme(st.Rhs[i])) {
			continue
		}
		return false
	}
	return true
}

// isExtreme recognises min(…) and max(…).
func isExtreme(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	name := types.ExprString(call.Fun)
	return name == "min" || name == "max"
}

func isConstant(e ast.Expr, info *types.Info) bool {
	tv := info.Types[e]
	return tv.Value != nil || tv.IsNil()
}

// check parses and type-checks a package of this module, without its tests.
func check(fset *token.FileSet, pkg string, lookup importer.Lookup) ([]source, *types.Info, error) {
	paths, err := filepath.Glob(filepath.Join(top, pkg, "*.go"))
	if err != nil {
		return nil, nil, err
	}
	var all []source
	var files []*ast.File
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, source{name: filepath.ToSlash(filepath.Join(pkg, filepath.Base(p))), pkg: pkg, ast: f})
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", lookup)}
	_, err = conf.Check(module+"/"+pkg, fset, files, info)
	return all, info, err
}

// exports asks the go command for the compiled interfaces of all that pkgs import, and
// returns how an importer finds them.
func exports(pkgs []string) (importer.Lookup, error) {
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}
	for _, p := range pkgs {
		args = append(args, module+"/"+p)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = top
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if p, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			files[p] = file
		}
	}
	return func(p string) (io.ReadCloser, error) {
		file, ok := files[p]
		if !ok || file == "" {
			return nil, fmt.Errorf("no compiled form of %q", p)
		}
		return os.Open(file)
	}, nil
}
