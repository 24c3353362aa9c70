// Package adminserver answers the Admin service: what is this node's state, and what does it know of
// the others?
//
// A Service reads the parts of a node that its Config names, and changes nothing but the links that
// tests cut. It keeps no state of its own, so every answer is of now.
package adminserver
