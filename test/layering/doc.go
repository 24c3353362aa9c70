// Package layering keeps the house in order: its tests read the source of every package
// and fail, naming file, line and rule, where
//
//   - an import goes up the list of layers, or through one of the walls,
//   - a package has no doc.go,
//   - the clock of the machine is read outside the packages that may,
//   - a pure core reads a clock, draws from global randomness, starts a goroutine,
//     selects on channels, or lets the random order of a map decide.
//
// The rules are tables: [layers] and [walls] in rules.go, [pure] in pure.go. A rule that
// is in the way is changed there, in the open, with a reason.
package layering
