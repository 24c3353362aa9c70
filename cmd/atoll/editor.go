package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/reeflective/readline"
	"github.com/reeflective/readline/inputrc"
)

// errDropLine is returned by an editor when Ctrl-C dropped the line.
var errDropLine = errors.New("line dropped")

// editor reads lines from a person. It is all that the shell knows of the library behind it.
type editor interface {
	// readLine shows the prompt and returns one line, errDropLine, or io.EOF for Ctrl-D.
	readLine(prompt string) (string, error)
}

// assistant helps while a line is typed.
type assistant interface {
	// complete offers what may stand in place of the last word of before.
	complete(before string) (candidates []candidate)
	// hint explains the line that is being typed.
	hint(line string) string
}

type candidate struct{ value, description string }

type lineEditor struct {
	shell  *readline.Shell
	prompt string
}

func newLineEditor(help assistant, history string) *lineEditor {
	e := &lineEditor{shell: readline.NewShell(inputrc.WithApp("atoll"))}
	e.shell.Config.Vars["history-autosuggest"] = true
	e.shell.Config.Vars["usage-hint-always"] = true
	e.shell.Prompt.Primary(func() string { return e.prompt })
	e.shell.Hint.SetProvider(func(line []rune, _ int) []rune {
		return []rune(help.hint(string(line)))
	})
	e.shell.Completer = func(line []rune, cursor int) readline.Completions {
		var flat []string
		for _, c := range help.complete(string(line[:cursor])) {
			flat = append(flat, c.value, c.description)
		}
		return readline.CompleteValuesDescribed(flat...)
	}
	if prepareHistory(history) {
		e.shell.History.Delete()
		e.shell.History.AddFromFile("atoll", history)
	}
	return e
}

func (e *lineEditor) readLine(prompt string) (string, error) {
	e.prompt = prompt
	line, err := e.shell.Readline()
	switch {
	case errors.Is(err, readline.ErrInterrupt):
		return "", errDropLine
	case err != nil && err.Error() == io.EOF.Error():
		return "", io.EOF
	}
	return line, err
}

// historyPath is where the shell keeps its history; empty keeps none.
func historyPath(getenv func(string) string) string {
	if path := getenv("ATOLL_HISTORY"); path != "" {
		return path
	}
	if state := getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "atoll", "history")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", "atoll", "history")
}

// prepareHistory makes the file, readable by its owner only: commands hold data.
func prepareHistory(path string) bool {
	if path == "" || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return false
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	return f.Close() == nil
}
