// Command atoll is the command line of Atoll: one command, a shell, a pipe, and a cluster to play with.
//
//	atoll [flags] COMMAND [ARG …]    runs one command
//	atoll                            is a shell with history, completion and hints on a terminal
//	… | atoll                        reads one command a line and prints one reply a line
//	atoll dev                        starts three regions on this machine
//
// One table (table.go) drives all of them, and help. A command is a line of that table: its name, its
// arguments, what it asks a node, and what it makes of the answer.
//
// Output has three forms. On a terminal replies look as in redis-cli. In a pipe strings are raw bytes
// and numbers are plain; as replies to piped commands each takes exactly one line. With --output json
// each reply is one JSON value on one line, errors too.
//
// Exit codes: 0 done or the condition holds, 1 error, 2 usage, 3 not found, 4 unavailable or timeout,
// 5 refused, 130 interrupted.
package main
