package layering

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCoresAreDeterministic holds every file of a core that is not a shell against the
// rules of impure.
func TestCoresAreDeterministic(t *testing.T) {
	var pkgs []string
	for _, c := range pure {
		pkgs = append(pkgs, c.pkg)
	}
	lookup, err := exports(pkgs)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range pure {
		fset := token.NewFileSet()
		files, info, err := check(fset, c.pkg, lookup)
		if err != nil {
			t.Errorf("%s: %v", c.pkg, err)
			continue
		}
		for _, s := range files {
			if slices.Contains(c.shells, path.Base(s.name)) {
				continue
			}
			for _, o := range impure(s, info) {
				t.Errorf("%s:%d: %s: the core of %s does the same with the same inputs, always", s.name, fset.Position(o.pos).Line, o.what, c.pkg)
			}
		}
	}
}

// TestShellsExist finds exceptions for files that are gone.
func TestShellsExist(t *testing.T) {
	for _, c := range pure {
		for _, shell := range c.shells {
			if _, err := os.Stat(filepath.Join(top, c.pkg, shell)); err != nil {
				t.Errorf("pure.go: %s lists the shell %s, which is not there", c.pkg, shell)
			}
		}
	}
}

// TestImpurityIsFound plants one offence of each kind.
func TestImpurityIsFound(t *testing.T) {
	cases := []struct{ name, body, want string }{
		{"reading the clock", `_ = time.Now()`, "time.Now"},
		{"sleeping", `time.Sleep(1)`, "time.Sleep"},
		{"waiting on a timer", `<-time.After(1)`, "time.After"},
		{"global randomness", `_ = rand.Int()`, "rand.Int"},
		{"a goroutine", `go func() {}()`, "goroutine"},
		{"a select", `select {}`, "selects"},
		{"output in the order of a map", `for k := range m { println(k) }`, "ranges over a map"},
		{"collecting without sorting", `var l []int; for k := range m { l = append(l, k) }; _ = l`, "ranges over a map"},
		{"the first key that is met", `for k := range m { first = k; break }`, "ranges over a map"},
		{"adding up floats", `for _, v := range m { sum += v }`, "ranges over a map"},
		{"a seeded generator is fine", `_ = rand.New(rand.NewSource(1))`, ""},
		{"collecting and sorting is fine", `var l []int; for k := range m { l = append(l, k) }; slices.Sort(l)`, ""},
		{"counting is fine", `n := 0; for range m { n++ }; _ = n`, ""},
		{"filling a map is fine", `c := map[int]bool{}; for k := range m { c[k] = true }`, ""},
		{"counting by case is fine", `n := 0; for k := range m { switch k { case 1: n++ } }; _ = n`, ""},
		{"output by case", `for k := range m { switch k { case 1: println(k) } }`, "ranges over a map"},
		{"durations are fine", `_ = 3 * time.Second`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := judgeBody(t, c.body)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("%s\nis refused: %s", c.body, got[0].what)
			case c.want != "" && (len(got) == 0 || !strings.Contains(got[0].what, c.want)):
				t.Errorf("%s\ngives %v, want %q", c.body, got, c.want)
			}
		})
	}
}

// judgeBody returns what impure says of a function with the body.
func judgeBody(t *testing.T, body string) []offence {
	t.Helper()
	text := "package p\nimport (\"math/rand\"; \"slices\"; \"time\")\nvar _, _, _ = rand.NewSource, slices.Max[[]int], time.Second\n" +
		"var m map[int]float64; var first int; var sum float64\nfunc f() {\n" + body + "\n}\n"
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	if _, err := conf.Check("p", fset, []*ast.File{file}, info); err != nil {
		t.Fatal(err)
	}
	return impure(source{name: "p.go", pkg: "p", ast: file}, info)
}
