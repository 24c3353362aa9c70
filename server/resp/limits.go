package resp

// Limits bound what one command may take. All of them count bytes, but for Args.
type Limits struct {
	// Args bounds the arguments of a command; more end the connection.
	Args int
	// BulkBytes bounds what the header of an argument may promise; more ends the connection.
	BulkBytes int
	// KeepBytes bounds an argument that is kept. A longer one is read and dropped, and the
	// command says so.
	KeepBytes int
	// CommandBytes bounds all arguments of a command that are kept.
	CommandBytes int
	// Guest applies the limits of clients that have not authenticated, in place of the greater
	// ones above: 10 arguments of 16 KiB.
	Guest bool
}

// LineBytes bounds a line: an inline command, or a header.
const LineBytes = 64 << 10

const (
	guestArgs      = 10
	guestBulkBytes = 16 << 10
)

// DefaultLimits returns 1 Mi arguments, 512 MiB of which 8 MiB are kept, and 64 MiB a command.
func DefaultLimits() Limits {
	return Limits{Args: 1 << 20, BulkBytes: 512 << 20, KeepBytes: 8 << 20, CommandBytes: 64 << 20}
}
