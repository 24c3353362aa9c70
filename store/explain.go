package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	detail "github.com/cockroachdb/errors"
	"github.com/cockroachdb/pebble/v2"
)

// explain makes ErrCorrupt of Pebble's errors of damage, in one line, with what Pebble
// keeps out of its message: the file and the offset.
func explain(err error) error {
	if !pebble.IsCorruptionError(err) {
		return err
	}
	return &corruption{err}
}

// corruption is ErrCorrupt with its cause.
type corruption struct{ cause error }

// Error names the file and says what is wrong with it.
func (c *corruption) Error() string {
	text := oneLine(c.cause)
	if i := pebble.ExtractDataCorruptionInfo(c.cause); i != nil {
		text = filepath.Base(i.Path) + ": " + text
	}
	if where := strings.Join(detail.GetAllDetails(c.cause), "; "); where != "" {
		text += " (" + where + ")"
	}
	return fmt.Sprintf("%v: %s", ErrCorrupt, text)
}

// Unwrap returns ErrCorrupt and the cause.
func (c *corruption) Unwrap() []error { return []error{ErrCorrupt, c.cause} }

// oneLine returns the first line of an error, without Pebble's name.
func oneLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return strings.ReplaceAll(s, "pebble: ", "")
}

// explainOpen says what to do when Pebble does not open.
func (db *DB) explainOpen(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%w: a file that the MANIFEST names is missing: %s", ErrCorrupt, oneLine(err))
	case optionsProblem(err):
		err = fmt.Errorf("%w: the OPTIONS file does not read as it was written: %s", ErrCorrupt, oneLine(err))
	case !pebble.IsCorruptionError(err):
		return err
	}
	return &VitalError{Dir: db.opts.Dir, Cause: explain(err)}
}

// optionsProblem tells whether the check of the OPTIONS file failed. Pebble has no error
// of its own for that.
func optionsProblem(err error) bool {
	for _, text := range []string{"comparer name", "merger name", "error parsing", "key=value syntax", "WALRecoveryDirs", "invalid section", "invalid line", "unknown option", "unknown section"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
