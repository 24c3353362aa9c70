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
	// RemoveAll lets a remove take adds, or writes of a field, that it had not seen.
	RemoveAll
	// ClockForgotten starts the clock at the wall after a restart.
	ClockForgotten
	// ContextAtEnd gives all records of a frame the context of the last.
	ContextAtEnd
	// AckApplied acknowledges what is applied but not yet durable.
	AckApplied
	// UnionTransfer merges transferred cells without looking at what each side has seen.
	UnionTransfer
	// NoExtraContext forgets how far the ranges already transferred run ahead.
	NoExtraContext
	// FloorsSettledEarly drops floors once this node knows the reset, not their origin.
	FloorsSettledEarly
	// CounterWithoutBase knows no lives of a counter: what was reset stays subtracted.
	CounterWithoutBase
	// HiddenTooMuch lets the deletion of a set hide adds that it had not seen.
	HiddenTooMuch
	// ClaimDropped lets a string take the type from a set that it had not seen.
	ClaimDropped
	// LastArrivedWins keeps the sibling that came last.
	LastArrivedWins
	// UnclaimAlways takes the type from a set at every remove.
	UnclaimAlways
	// OwnFloorForgotten leaves the writer's own increments out of a reset.
	OwnFloorForgotten
	// DotsOverwritten lets an add take the place of adds that it had not seen.
	DotsOverwritten
	// CountTrusted takes a set for empty after a deletion, whatever that had seen.
	CountTrusted
	// SweepDropsLive sweeps members that a deletion has seen in part.
	SweepDropsLive
	// SweepMiscounts does not follow what changes behind the sweep.
	SweepMiscounts
	// SweepEndsEarly forgets what is hidden before all members are swept.
	SweepEndsEarly
	// ObserveMissing does not raise the clock to the stamps of what is merged.
	ObserveMissing
	// OwnStampsOnly starts the clock above this node's own stamps only.
	OwnStampsOnly
	// GapApplied takes a frame although an earlier one is missing.
	GapApplied
	// HashUnchecked does not compare chain hashes.
	HashUnchecked
	// CreditLost does not return the credit of frames that were known already.
	CreditLost
	// MemberForgotten truncates the op log by what one member has.
	MemberForgotten
	// GateKeepsOne keeps one waiting frame an origin.
	GateKeepsOne
	// GateNotRetried looks at waiting frames only when their own origin goes on.
	GateNotRetried
	// ParkedDropped drops frames of the future instead of parking them.
	ParkedDropped
	// ParkedObserved raises the clock before it looks whether a stamp is acceptable.
	ParkedObserved
	// FutureApplied takes stamps from any future.
	FutureApplied
	// SyncRetried takes a second sync for an answer after one that failed.
	SyncRetried
	// WriteErrorIgnored goes on after a batch that met a full disk.
	WriteErrorIgnored
	// TornTailKept recovers a part of a torn batch.
	TornTailKept
	// AckedEarly acknowledges a write before it is durable.
	AckedEarly
	// DotsUnsorted encodes the adds of a member in the order of arrival.
	DotsUnsorted
	// ContextStale names in a record what its writer had seen at the last commit.
	ContextStale
	// LeftoverLost forgets the part of a frame that must wait.
	LeftoverLost
	// CreditIgnored sends without credit.
	CreditIgnored
	// OriginCounted numbers incarnations instead of drawing them.
	OriginCounted
	// WantLost sends the first want of a stream only.
	WantLost
	// RetireUnreported retires an origin though a member has not reported its end.
	RetireUnreported
	// VectorBeforeEnd moves the vector when a transfer begins instead of at its end.
	VectorBeforeEnd
	// SkippedRelayed keeps the op log of an origin over a range that was taken over.
	SkippedRelayed
	// BeyondDropped leaves out of a record what its writer had seen in ranges that ran ahead.
	BeyondDropped
	// SealIgnored applies frames beyond a seal.
	SealIgnored
	// HeldApplied applies frames of a member while its seal is sought.
	HeldApplied
	// SealTooLow leaves what the others have out of a seal.
	SealTooLow
	// AsideDropped settles a late update without keeping it.
	AsideDropped
	// ReplayedTwice does not remember what was issued again.
	ReplayedTwice
	// AsideUnmarked does not tell the others what was settled.
	AsideUnmarked
	// DamageAbsent reads damaged cells as if they were not there.
	DamageAbsent
	// QuarantineForgotten forgets at a restart what is quarantined.
	QuarantineForgotten
	// DamageHandedOn lets a donor leave damaged cells out of what it hands to peers.
	DamageHandedOn
	// CountersUnnamed leaves the counters among the fields out of the deletion of a hash.
	CountersUnnamed
	// ScoresUnnamed leaves the counters among the scores out of the deletion of a sorted set.
	ScoresUnnamed
	// PlaceLeft leaves a member in its old place of the index when a transfer changes its score.
	PlaceLeft
	// IndexNotMade counts members without making the index anew.
	IndexNotMade
	// ListUnclaimed takes every removal of an element for that of the last one of the list.
	ListUnclaimed
	// ItemWinnerOnly keeps one of the concurrent values of an element only.
	ItemWinnerOnly
	// RightsUnchecked lets a node spend what others hold of a bounded counter.
	RightsUnchecked
	// RankWinnerOnly keeps the newest of the concurrent ranks of a HyperLogLog's register only.
	RankWinnerOnly
	// MarkWinnerOnly keeps the newest of the concurrent states of a stream only.
	MarkWinnerOnly
	// IDsByClock gives ids to entries of a stream without a look at the last one.
	IDsByClock
	// LateForgotten notes no entry of a stream that a group has gone past.
	LateForgotten
	// PendingPassed takes what is pending in another region for done.
	PendingPassed
	// ArrivalsByID remembers no entry of a stream that comes before the one that was applied last.
	ArrivalsByID
	// RoundsTrusted lets a cursor go on with a round through a stream as if this node had all that the last one had.
	RoundsTrusted
	// DeadlineOverwritten lets a deadline take the place of those that it had not seen.
	DeadlineOverwritten
	// EndedKept lets a write to a key or a field that has ended leave there what had.
	EndedKept
	// EndsForgotten leaves keys and fields out of the index of what is to end.
	EndsForgotten
	// CacheStale keeps cells in memory as they were before a commit changed them.
	CacheStale
	// CacheOverHeal keeps cells in memory that a replica's copy has replaced.
	CacheOverHeal
	// RetryCounted makes nothing void of an operation that was carried out twice.
	RetryCounted
	// RetryForgotten forgets operations with ids by time alone, whoever has not heard of them.
	RetryForgotten
	// NamespaceDropped applies what comes from elsewhere to the default namespace.
	NamespaceDropped
	// FieldDeadlineOverwritten lets a deadline of a field take the place of those that it had not seen.
	FieldDeadlineOverwritten
	// FieldsEndedCounted counts fields that have ended.
	FieldsEndedCounted
	// FieldDeadlineKept lets a write of a field leave the deadline there that was set on what it held.
	FieldDeadlineKept
	// Count is the number of mistakes.
	Count
)

// A Set has room for 128; one more does not compile.
var _ = Set{}[(Count-1)/64]

// String names the mistake.
func (m Mistake) String() string {
	return [...]string{
		"no-gate", "winner-only", "replicated-additions", "vector-apart", "shipped-early", "origin-reused",
		"reset-without-floors", "relay-unchecked", "remove-all", "clock-forgotten", "context-at-end", "ack-applied",
		"union-transfer", "no-extra-context",
		"floors-settled-early", "counter-without-base", "hidden-too-much", "claim-dropped", "last-arrived-wins", "unclaim-always",
		"own-floor-forgotten", "dots-overwritten", "count-trusted", "sweep-drops-live", "sweep-miscounts", "sweep-ends-early",
		"observe-missing", "own-stamps-only", "gap-applied", "hash-unchecked", "credit-lost", "member-forgotten",
		"gate-keeps-one", "gate-not-retried", "parked-dropped", "parked-observed", "future-applied", "sync-retried",
		"write-error-ignored", "torn-tail-kept", "acked-early", "dots-unsorted", "context-stale", "leftover-lost",
		"credit-ignored", "origin-counted", "want-lost", "retire-unreported", "vector-before-end", "skipped-relayed", "beyond-dropped",
		"seal-ignored", "held-applied", "seal-too-low", "aside-dropped", "replayed-twice", "aside-unmarked",
		"damage-absent", "quarantine-forgotten", "damage-handed-on",
		"counters-unnamed", "scores-unnamed", "place-left", "index-not-made",
		"list-unclaimed", "item-winner-only", "rights-unchecked", "rank-winner-only", "mark-winner-only", "ids-by-clock", "late-forgotten", "pending-passed", "arrivals-by-id", "rounds-trusted",
		"deadline-overwritten", "ended-kept", "ends-forgotten", "cache-stale", "cache-over-heal", "retry-counted", "retry-forgotten", "namespace-dropped",
		"field-deadline-overwritten", "fields-ended-counted", "field-deadline-kept",
	}[m]
}

// Set is a set of planted mistakes. The zero value is none.
type Set [2]uint64

// Of returns a set of mistakes.
func Of(list ...Mistake) Set {
	var s Set
	for _, m := range list {
		s[m/64] |= 1 << (m % 64)
	}
	return s
}
