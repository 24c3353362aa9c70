package node

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxConfigBytes bounds a configuration file.
const maxConfigBytes = 1 << 20

// readFile overlays a YAML file. Problems name file and line.
func (c *Config) readFile(path string, ps *problems) {
	data, err := readBounded(path, maxConfigBytes)
	if err != nil {
		ps.add("%v", err)
		c.unread = true
		return
	}
	r := fileReader{cfg: c, ps: ps, name: filepath.Base(path), seen: map[string]int{}}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		c.unread = true
		r.problem(1, "starts with a byte order mark; save it as UTF-8 without one")
		return
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		c.unread = true
		r.syntax(err)
		return
	}
	if len(file.Docs) > 1 {
		c.unread = true
		at := 1
		if start := file.Docs[1].Start; start != nil {
			at = start.Position.Line
		}
		r.problem(at, "a second document; need one")
		return
	}
	for _, doc := range file.Docs {
		r.mapping("", doc.Body)
	}
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: larger than %s", path, formatSize(limit))
	}
	return data, nil
}

// fileReader walks the syntax tree, so that every value keeps its line.
type fileReader struct {
	cfg  *Config
	ps   *problems
	name string
	seen map[string]int // key → line
}

func (r *fileReader) problem(line int, format string, args ...any) {
	r.ps.add("%s:%d: %s", r.name, line, fmt.Sprintf(format, args...))
}

// syntax reports an error of the YAML parser.
func (r *fileReader) syntax(err error) {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		r.problem(at.GetToken().Position.Line, "%s", at.GetMessage())
		return
	}
	r.problem(1, "%v", err)
}

func line(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1
	}
	return n.GetToken().Position.Line
}

// mapping reads the keys below prefix.
func (r *fileReader) mapping(prefix string, n ast.Node) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.problem(line(n), "need keys with values here, got %q", clip(n.String()))
		return
	}
	for _, v := range values {
		r.entry(prefix, v)
	}
}

func (r *fileReader) entry(prefix string, v *ast.MappingValueNode) {
	if v.Key.IsMergeKey() {
		r.problem(line(v.Key), "merge keys are not used here")
		return
	}
	key := prefix + v.Key.GetToken().Value
	if first, ok := r.seen[key]; ok {
		r.problem(line(v.Key), "key %q twice; first in line %d", clip(key), first)
		return
	}
	r.seen[key] = line(v.Key)
	s, ok := findSetting(key)
	switch {
	case ok:
		r.value(s, v.Value)
	case isSection(key):
		r.mapping(key+".", v.Value)
	default:
		r.problem(line(v.Key), "unknown key %q%s", clip(key), didYouMean(key, knownKeys()))
	}
}

func (r *fileReader) value(s setting, n ast.Node) {
	text, err := r.text(s, n)
	if err == nil {
		err = s.field(r.cfg).set(text)
	}
	if err != nil {
		r.problem(line(n), "%s: %v", s.key, err)
		r.cfg.sources[s.key] = sourceInvalid
		return
	}
	r.cfg.sources[s.key] = fmt.Sprintf("file %s:%d", r.name, line(n))
}

// text returns a scalar as it was written, or a list joined by commas.
func (r *fileReader) text(s setting, n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.SequenceNode:
		if !s.list {
			return "", errors.New("need one value, got a list")
		}
		items := make([]string, len(n.Values))
		for i, item := range n.Values {
			text, err := r.scalar(item)
			if err != nil {
				return "", fmt.Errorf("entry %d: %w", i+1, err)
			}
			items[i] = text
		}
		return strings.Join(items, ","), nil
	default:
		return r.scalar(n)
	}
}

func (r *fileReader) scalar(n ast.Node) (string, error) {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return "", nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), nil
	case *ast.AnchorNode, *ast.AliasNode:
		return "", errors.New("anchors and aliases are not used here")
	default:
		return "", errors.New("need a plain value")
	}
}

func isSection(key string) bool {
	for _, s := range settings {
		if strings.HasPrefix(s.key, key+".") {
			return true
		}
	}
	return false
}

func knownKeys() []string {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.key
	}
	return keys
}
