// Package node joins everything into one running node. Read wire.go first.
package node
