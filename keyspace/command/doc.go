// Package command answers one question: which operations exist?
//
// Each operation is one small type in one file: its arguments are its fields, Run is
// what it does. All of them are listed in [All].
package command
