// Package server answers one question: may this request run here, and what is the
// client told?
//
// [Dispatcher.Do] is the one gate of all client protocols. It checks the namespace, the
// limits, the state of the node and its clock, and hands the commands to the shard.
// [Explain] is the one error table: code, message, hint and whether a retry may help,
// the same for every protocol. The subpackages turn bytes into commands and errors into
// bytes, nothing else.
package server
