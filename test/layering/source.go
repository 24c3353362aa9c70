package layering

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// source is one parsed file.
type source struct {
	name string // relative to the top, with slashes
	pkg  string // folder, relative to the top
	test bool
	ast  *ast.File
}

// top is the top of the repository, relative to this package.
const top = "../.."

// load parses all Go files of the module, those of every build tag included.
func load(fset *token.FileSet) ([]source, error) {
	var all []source
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(p, d.Name())
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		rel, err := filepath.Rel(top, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		file, err := parser.ParseFile(fset, p, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{name: rel, pkg: path.Dir(rel), test: strings.HasSuffix(p, "_test.go"), ast: file})
		return nil
	})
	return all, err
}

// skipDir leaves out what is not part of the module: hidden folders, test data, tools
// and other folders with a go.mod of their own.
func skipDir(p, name string) error {
	if p == top {
		return nil
	}
	if strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// imports lists the packages of this module that the file imports, with their places.
func (s source) imports() map[string]token.Pos {
	found := map[string]token.Pos{}
	for _, spec := range s.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if rel, ours := strings.CutPrefix(p, module+"/"); ours {
			found[rel] = spec.Pos()
		}
	}
	return found
}

// imported returns the name under which the file imports the package, or "".
func (s source) imported(pkgPath string) string {
	for _, spec := range s.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil || p != pkgPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		base := path.Base(p)
		if strings.HasPrefix(base, "v") && len(base) <= 3 {
			base = path.Base(path.Dir(p)) // math/rand/v2
		}
		return base
	}
	return ""
}

// qualified returns F of a node pkg.F, or "".
func qualified(n ast.Node, pkg string) (string, token.Pos) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", 0
	}
	if id, ok := sel.X.(*ast.Ident); ok && id.Name == pkg {
		return sel.Sel.Name, sel.Pos()
	}
	return "", 0
}
