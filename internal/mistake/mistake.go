package mistake

// Mistake is one planted mistake.
type Mistake uint

// The mistakes. Each is a change that looks harmless.
const (
	// NoGate applies frames in the order of each origin, whatever their context.
	NoGate Mistake = iota
	// WinnerOnly keeps only the greatest sibling of a register.
	WinnerOnly
	// ReplicatedAdditions adds the increments of a frame again when it arrives twice.
	ReplicatedAdditions
	// VectorApart commits the vector after the data instead of with it.
	VectorApart
	// ShippedEarly serves frames before they are durable.
	ShippedEarly
	// OriginReused goes on with the stored origin after a restart.
	OriginReused
	// ResetWithoutFloors drops the counter's shards on a reset, seen or not.
	ResetWithoutFloors
	// RelayUnchecked takes frames from whoever sends them, and as the sender's own.
	RelayUnchecked
	// RemoveAll lets a remove take adds that it had not seen.
	RemoveAll
	// ClockForgotten starts the clock at the wall after a restart.
	ClockForgotten
	// ContextAtEnd gives all records of a frame the context of the last.
	ContextAtEnd
	// AckApplied acknowledges what is applied but not yet durable.
	AckApplied
	// Count is the number of mistakes.
	Count
)

// String names the mistake.
func (m Mistake) String() string {
	return [...]string{
		"no-gate", "winner-only", "replicated-additions", "vector-apart", "shipped-early", "origin-reused",
		"reset-without-floors", "relay-unchecked", "remove-all", "clock-forgotten", "context-at-end", "ack-applied",
	}[m]
}

// Set is a set of planted mistakes. The zero value is none.
type Set uint64

// Of returns a set of mistakes.
func Of(list ...Mistake) Set {
	var s Set
	for _, m := range list {
		s |= 1 << m
	}
	return s
}
