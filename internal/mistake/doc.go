// Package mistake plants known mistakes in the core, to prove that the simulator
// finds them. They exist only in builds with the tag "mistakes": elsewhere [Set.Has]
// is constantly false and the compiler removes what it guards.
package mistake
