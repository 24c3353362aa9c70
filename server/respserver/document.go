package respserver

import "strings"

// Document tells people about a command of the table.
type Document struct {
	// Name is in lower case. Arguments are what follows it, as the pages of Redis write it: words in upper case stand
	// for themselves.
	Name, Arguments string
	Group, Summary  string
	// Differs says where it is not as in Redis.
	Differs string
	// Min and Max bound how many arguments there are; a Max of -1 is no bound.
	Min, Max int
	// Worded tells that Words takes it.
	Worded bool
	// Writes tells that it changes keys; Batched that it fits into a transaction of many: it is quick, its
	// reply is small, and it takes nothing away that only the reply would still hold.
	Writes, Batched bool
}

// Documents lists the table by name. A command with subcommands is one document.
func Documents() []Document {
	list := make([]Document, len(rows))
	for i, r := range rows {
		list[i] = r.document()
	}
	return list
}

func (r *row) document() Document {
	_, arguments, _ := strings.Cut(r.syntax, " ")
	d := Document{
		Name: r.name, Arguments: arguments, Group: r.group, Summary: r.summary, Differs: r.differs,
		Min: r.arity - 1, Max: r.arity - 1, Worded: r.isWorded(), Writes: has(r.flags, "write"),
	}
	if r.arity < 0 {
		d.Min, d.Max = -r.arity-1, -1
	}
	d.Batched = d.Worded && has(r.flags, "fast") && !r.alone && r.prepare == nil && r != &rowGetDel
	if len(r.subs) > 0 {
		d.Arguments = r.choices()
	}
	return d
}

// isWorded tells whether Words takes the command, or a subcommand of it.
func (r *row) isWorded() bool {
	for _, s := range r.subs {
		if s.isWorded() {
			return true
		}
	}
	return r.parse != nil
}

// choices are the arguments of a command with subcommands.
func (r *row) choices() string {
	var list []string
	for _, s := range r.subs {
		if s.isWorded() {
			_, usage, _ := strings.Cut(s.syntax, " ")
			list = append(list, usage)
		}
	}
	return "<" + strings.Join(list, " | ") + ">"
}
