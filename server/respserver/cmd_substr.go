package respserver

// See https://redis.io/commands/substr/

var rowSubStr = row{
	name: "substr", arity: 4, flags: "readonly", categories: "read string", first: 1, last: 1, step: 1,
	group: "string", since: "1.0.0", complexity: "O(N) for the length of what is returned", syntax: "SUBSTR key start end",
	summary: "Returns a part of the string at a key, as GETRANGE does.",
	parse:   rowGetRange.parse,
}
