// Package clock answers one question: when did it happen?
//
// It holds the names of moments ([Timestamp], [Stamp]), of writers ([Origin]), of
// updates ([Dot]) and of knowledge ([VersionVector]), and the clock that issues
// timestamps, [HLC]: a hybrid logical clock (Kulkarni et al., "Logical Physical
// Clocks and Consistent Snapshots in Globally Distributed Databases", 2014).
//
// The package reads wall time only through the [Wall] that it is given; [System]
// is the one place of the whole program that asks the operating system.
//
// It promises that an HLC never repeats and never goes back, and that it never
// jumps with the wall clock. It refuses remote stamps that are too far ahead, by
// telling how far they are; what to do with them is the caller's decision.
package clock
