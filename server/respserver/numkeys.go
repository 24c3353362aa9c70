package respserver

import (
	"strings"

	"github.com/atollkv/atoll/keyspace/command"
)

// countedKeys reads the number of keys, and as many keys. rest is what follows.
func countedKeys(name string, args [][]byte) (keys, rest [][]byte, err error) {
	n, err := integer(args[0])
	switch {
	case err != nil:
		return nil, nil, err
	case n < 1:
		return nil, nil, refusef("ERR at least 1 input key is needed for '%s' command", strings.ToLower(name))
	case n > int64(len(args)-1):
		return nil, nil, errSyntax
	}
	return args[1 : n+1], args[n+1:], nil
}

// readCombine reads WEIGHTS, AGGREGATE and, where it is allowed, WITHSCORES.
func readCombine(cmd *command.ZCombine, rest [][]byte, mayScore bool) (scores bool, err error) {
	for len(rest) > 0 {
		used := 1
		switch word := rest[0]; {
		case cmd.As != command.Difference && is(word, "WEIGHTS") && len(rest) > len(cmd.List):
			if cmd.Weights, err = weights(rest[1 : len(cmd.List)+1]); err != nil {
				return false, err
			}
			used += len(cmd.List)
		case cmd.As != command.Difference && is(word, "AGGREGATE") && len(rest) > 1:
			if cmd.Aggregate, err = aggregate(rest[1]); err != nil {
				return false, err
			}
			used++
		case mayScore && is(word, "WITHSCORES"):
			scores = true
		default:
			return false, errSyntax
		}
		rest = rest[used:]
	}
	return scores, nil
}

func weights(args [][]byte) (list []float64, err error) {
	for _, arg := range args {
		f, err := float(arg)
		if err != nil {
			return nil, refusal("ERR weight value is not a float")
		}
		list = append(list, f)
	}
	return list, nil
}

func aggregate(word []byte) (command.Aggregate, error) {
	switch {
	case is(word, "SUM"):
		return command.Sum, nil
	case is(word, "MIN"):
		return command.Least, nil
	case is(word, "MAX"):
		return command.Greatest, nil
	default:
		return 0, errSyntax
	}
}
