// Package docs keeps the documentation true: the README's session is played on a real
// cluster and its output compared, the tables of settings and metrics are held against
// the program, and links lead somewhere.
//
// The package has no code outside its tests.
package docs
