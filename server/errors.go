package server

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// Code names an error for programs. Codes are stable.
type Code string

// The codes that clients see.
const (
	CodeWrongType   Code = "WRONGTYPE"
	CodeNotInteger  Code = "NOTINT"
	CodeOverflow    Code = "OVERFLOW"
	CodeNoKey       Code = "NOKEY"
	CodeTooLarge    Code = "TOOLARGE"
	CodeReplySize   Code = "REPLYSIZE"
	CodeInvalid     Code = "INVALID"
	CodeCursor      Code = "CURSOR"
	CodeNoNamespace Code = "NONAMESPACE"
	CodeClock       Code = "CLOCK"
	CodeCloned      Code = "CLONED"
	CodeDiskFull    Code = "DISKFULL"
	CodeMemory      Code = "OOM"
	CodeDraining    Code = "DRAINING"
	CodeLoading     Code = "LOADING"
	CodeBusy        Code = "BUSY"
	CodeOverload    Code = "OVERLOAD"
	CodeConnections Code = "CONNECTIONS"
	CodeTimeout     Code = "TIMEOUT"
	CodeCanceled    Code = "CANCELED"
	CodeStore       Code = "STORE"
	CodeDamaged     Code = "DAMAGED"
	CodeDenied      Code = "DENIED"
	CodeRemoved     Code = "REMOVED"
	CodeMembers     Code = "MEMBERS"
	CodeSuperseded  Code = "SUPERSEDED"
	CodeStale       Code = "STALE"
	CodeNoRights    Code = "NORIGHTS"
	CodeUntold      Code = "UNTOLD"
	CodeNoGroup     Code = "NOGROUP"
	CodeGroupExists Code = "BUSYGROUP"
	CodeInternal    Code = "INTERNAL"
)

// kind is what the table says of a code.
type kind struct {
	grpc      codes.Code
	hint      string
	retryable bool
}

// kinds is the error table. A code that is not in it does not exist.
var kinds = map[Code]kind{
	CodeWrongType:   {codes.FailedPrecondition, "the key holds another type; delete it first, or use another key", false},
	CodeNotInteger:  {codes.FailedPrecondition, "the string is no 64-bit integer; set it to one first", false},
	CodeOverflow:    {codes.OutOfRange, "a counter holds -9223372036854775808 to 9223372036854775807", false},
	CodeNoKey:       {codes.NotFound, "", false},
	CodeTooLarge:    {codes.InvalidArgument, "send less in one request, or raise the limit in the node's configuration", false},
	CodeReplySize:   {codes.ResourceExhausted, "the operation was carried out; ask for less in one request", false},
	CodeInvalid:     {codes.InvalidArgument, "", false},
	CodeCursor:      {codes.InvalidArgument, "start again with an empty cursor", false},
	CodeNoNamespace: {codes.InvalidArgument, "an empty name is the default namespace; others need not be created", false},
	CodeClock:       {codes.FailedPrecondition, "this node's clock is off, so it takes no writes; repair its time service, or write to another node", true},
	CodeCloned:      {codes.FailedPrecondition, "a second process runs under this node's name, perhaps on a copy of its data directory, so neither takes writes; stop one of them", true},
	CodeDiskFull:    {codes.ResourceExhausted, "make room on the node's disk: delete keys, or other files; reads and deletes go on, writes too once there is space", true},
	CodeMemory:      {codes.ResourceExhausted, "the node is near memory.limit_bytes; send less at a time, or raise the limit", true},
	CodeDraining:    {codes.Unavailable, "the node is stopping; use another one", true},
	CodeLoading:     {codes.Unavailable, "use another node until this one has the data; to see how far it is: atoll transfer watch", true},
	CodeBusy:        {codes.Unavailable, "a large collection is being taken over from another region; try again in a moment, or write to another node", true},
	CodeOverload:    {codes.ResourceExhausted, "clients write more than this node can store; come back later and later, or write to another node", true},
	CodeConnections: {codes.ResourceExhausted, "close connections that are not needed, use another node, or raise limits.max_connections and how many files the node may open (ulimit -n)", true},
	CodeTimeout:     {codes.DeadlineExceeded, "a write may have been applied all the same; read before repeating it", false},
	CodeCanceled:    {codes.Canceled, "a write may have been applied all the same; read before repeating it", false},
	CodeStore:       {codes.Internal, "the node's disk failed and it is stopping; see its log. A write may have been applied all the same", false},
	CodeDamaged:     {codes.DataLoss, "the node's copy of this key is damaged and is not served; read it from another node", false},
	CodeRemoved:     {codes.FailedPrecondition, "use another node. To bring this one back: atoll member add REGION/NODE at a member, move its data directory away, start it again", false},
	CodeSuperseded:  {codes.FailedPrecondition, "use another node; this one must begin anew: stop it, run atoll reload on its data directory, start it, and it takes over what the others have", false},
	CodeStale:       {codes.Unavailable, "the token names updates that have not reached this node; try again later, or at the region where the session wrote", true},
	CodeMembers:     {codes.FailedPrecondition, "see who is who: atoll member list", false},
	CodeDenied:      {codes.PermissionDenied, "", false},
	CodeUntold:      {codes.Aborted, "read before you count again, or ask another node; operations that are not sent again go on", false},
	CodeNoRights:    {codes.FailedPrecondition, "", true},
	CodeNoGroup:     {codes.NotFound, "make the group first", false},
	CodeGroupExists: {codes.AlreadyExists, "", false},
	CodeInternal:    {codes.Internal, "this is a defect in Atoll; the node's log has more", false},
}

// causes maps the errors of the packages below to codes. The first match counts.
var causes = []struct {
	err  error
	code Code
}{
	{keyspace.ErrWrongType, CodeWrongType},
	{keyspace.ErrNotInteger, CodeNotInteger},
	{keyspace.ErrOverflow, CodeOverflow},
	{command.ErrNotFloat, CodeNotInteger},
	{command.ErrFieldNotFloat, CodeNotInteger},
	{command.ErrWeight, CodeNotInteger},
	{command.ErrInfinite, CodeOverflow},
	{command.ErrNotScore, CodeOverflow},
	{command.ErrNoKey, CodeNoKey},
	{command.ErrGroupExists, CodeGroupExists},
	{command.ErrIndex, CodeInvalid},
	{command.ErrNoPlace, CodeInvalid},
	{command.ErrStreamID, CodeInvalid},
	{command.ErrLowID, CodeInvalid},
	{command.ErrNoIDLeft, CodeInvalid},
	{command.ErrIDTop, CodeInvalid},
	{command.ErrFewAdded, CodeInvalid},
	{crdt.ErrTooDeep, CodeTooLarge},
	{keyspace.ErrCursor, CodeCursor},
	{keyspace.ErrDamaged, CodeDamaged},
	{store.ErrCorrupt, CodeDamaged},
	{keyspace.ErrBusy, CodeBusy},
	{keyspace.ErrUntold, CodeUntold},
	{keyspace.ErrIDUsed, CodeInvalid},
	{keyspace.ErrSuperseded, CodeSuperseded},
	{store.ErrDead, CodeStore},
	{keyspace.ErrClosed, CodeStore},
	{context.DeadlineExceeded, CodeTimeout},
	{context.Canceled, CodeCanceled},
}

// Error is what a client is told.
type Error struct {
	Code Code
	// Message says what, where and the limit, in one line.
	Message string
	// Hint says what to do next; it may be empty.
	Hint string
	// Retryable tells that the same request may succeed later without a change. A
	// request refused with it has done nothing.
	Retryable bool
	// GRPC is the status code for gRPC.
	GRPC codes.Code
}

// Error returns code and message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf makes an error of a code, with the hint that the table has for it.
func Errorf(code Code, format string, args ...any) *Error {
	k := kinds[code]
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Hint: k.hint, Retryable: k.retryable, GRPC: k.grpc}
}

// respTexts are the errors that Redis has its own words for.
var respTexts = map[Code]string{
	CodeWrongType:  "WRONGTYPE Operation against a key holding the wrong kind of value",
	CodeNotInteger: "ERR value is not an integer or out of range",
	CodeOverflow:   "ERR increment or decrement would overflow",
	CodeCursor:     "ERR invalid cursor",
	CodeNoKey:      "ERR no such key",
}

// respGeneric are the codes that are ERR to clients of Redis.
var respGeneric = map[Code]bool{CodeTooLarge: true, CodeInvalid: true}

// RESP returns the error as the Redis protocol has it: a code, then the text.
func (e *Error) RESP() string {
	if text, ok := respTexts[e.Code]; ok {
		return text
	}
	text := e.Message
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	if respGeneric[e.Code] {
		return "ERR " + text
	}
	return string(e.Code) + " " + text
}

// Refusal is an error of a door's own about the arguments of a command.
type Refusal interface {
	error
	// Refusal returns the text for a client, without a code.
	Refusal() string
}

// Explain finds what to tell a client of err. An error that nobody foresaw becomes
// INTERNAL without its text, which may hold what the client must not see.
func Explain(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var large *keyspace.TooLargeError
	if errors.As(err, &large) {
		return Errorf(CodeTooLarge, "%d %s, limit %d", large.Size, large.What, large.Limit)
	}
	var rights *command.NoRightsError
	if errors.As(err, &rights) {
		return Errorf(CodeNoRights, "%v", rights)
	}
	var life *command.LifetimeError
	if errors.As(err, &life) {
		return Errorf(CodeInvalid, "%v", life)
	}
	var worded Refusal
	if errors.As(err, &worded) {
		return Errorf(CodeInvalid, "%s", worded.Refusal())
	}
	var own *command.RefusedError
	if errors.As(err, &own) {
		return Errorf(CodeInvalid, "%s", own.Error())
	}
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return Errorf(c.code, "%s", messageOf(c.code, c.err))
		}
	}
	return Errorf(CodeInternal, "internal error")
}

// texts replaces the wording of errors that mean little to a client.
var texts = map[Code]string{
	CodeStore:    "the store of this node has stopped",
	CodeDamaged:  "the key's data is damaged on this node",
	CodeTimeout:  "deadline exceeded",
	CodeCanceled: "canceled",
}

func messageOf(code Code, err error) string {
	if text, ok := texts[code]; ok {
		return text
	}
	return err.Error()
}
