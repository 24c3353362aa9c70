package server

import (
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
)

// PayloadBytes is the size of what commands carry: keys, values, members and fields.
func PayloadBytes(cmds []keyspace.Command) (n int) {
	for _, cmd := range flat(cmds) {
		_, cmd := keyspace.SpaceOf(cmd)
		values, members := payload(cmd)
		for _, list := range [][][]byte{cmd.Keys(), values, members} {
			for _, item := range list {
				n += len(item)
			}
		}
	}
	return n
}

// flat returns commands with those of transactions in their place.
func flat(cmds []keyspace.Command) []keyspace.Command {
	if len(cmds) == 1 {
		if m, ok := cmds[0].(command.Multi); ok {
			return m.Commands
		}
	}
	return cmds
}

// OnlyFrees tells whether commands only read or take data away: deletions go on when there
// is no space for more.
func OnlyFrees(cmds []keyspace.Command) bool {
	for _, cmd := range flat(cmds) {
		_, cmd := keyspace.SpaceOf(cmd)
		switch cmd.(type) {
		case command.Delete, command.GetDel, command.SRem, command.SPop, command.HDel, command.ZRem, command.ZPop, command.ZRemRange, command.Pop, command.LMPop, command.LRem, command.LTrim, command.XDel, command.XTrim, command.XAck, command.XGroupDestroy, command.XGroupDelConsumer, command.ResetCounter, command.Reap:
		default:
			if cmd.Writes() {
				return false
			}
		}
	}
	return true
}

// payload returns what a command carries beside its keys: values, and members of sets or
// fields of hashes.
func payload(cmd keyspace.Command) (values, members [][]byte) {
	switch c := cmd.(type) {
	case command.Set:
		return [][]byte{c.Value}, nil
	case command.SetIf:
		return [][]byte{c.Value}, nil
	case command.Append:
		return [][]byte{c.Value}, nil
	case command.SetRange:
		return [][]byte{c.Value}, nil
	case command.MSet:
		return c.Values, nil
	case command.Push:
		return c.Values, nil
	case command.LSet:
		return [][]byte{c.Value}, nil
	case command.LInsert:
		return [][]byte{c.Pivot, c.Value}, nil
	case command.LRem:
		return [][]byte{c.Value}, nil
	case command.XAdd:
		return c.Fields, nil
	case command.XGroupCreate:
		return nil, [][]byte{c.Group}
	case command.XGroupCreateConsumer:
		return nil, [][]byte{c.Consumer}
	case command.XReadGroup:
		return nil, [][]byte{c.Consumer}
	case command.XClaim:
		return nil, [][]byte{c.Consumer}
	case command.XAutoClaim:
		return nil, [][]byte{c.Consumer}
	case command.LPos:
		return [][]byte{c.Value}, nil
	case command.PFAdd:
		return c.Elements, nil
	case command.SAdd:
		return nil, c.Members
	case command.SRem:
		return nil, c.Members
	case command.SIsMember:
		return nil, [][]byte{c.Member}
	case command.SMove:
		return nil, [][]byte{c.Member}
	case command.SMIsMember:
		return nil, c.Members
	default:
		return fieldPayload(cmd)
	}
}

func fieldPayload(cmd keyspace.Command) (values, fields [][]byte) {
	switch c := cmd.(type) {
	case command.HSet:
		for _, f := range c.Fields {
			values, fields = append(values, f.Value), append(fields, f.Field)
		}
		return values, fields
	case command.HSetNX:
		return [][]byte{c.Value}, [][]byte{c.Field}
	case command.HMGet:
		return nil, c.Fields
	case command.HDel:
		return nil, c.Fields
	case command.HGet:
		return nil, [][]byte{c.Field}
	case command.HExists:
		return nil, [][]byte{c.Field}
	case command.HStrLen:
		return nil, [][]byte{c.Field}
	case command.Once:
		return payload(c.Do)
	case command.HIncr:
		return nil, [][]byte{c.Field}
	case command.HIncrFloat:
		return nil, [][]byte{c.Field}
	default:
		return nil, scorePayload(cmd)
	}
}

func scorePayload(cmd keyspace.Command) (members [][]byte) {
	switch c := cmd.(type) {
	case command.ZAdd:
		for _, m := range c.Members {
			members = append(members, m.Member)
		}
		return members
	case command.ZIncr:
		return [][]byte{c.Member}
	case command.ZRem:
		return c.Members
	case command.ZScore:
		return c.Members
	case command.ZRank:
		return [][]byte{c.Member}
	case command.GeoSearch:
		return [][]byte{c.Area.Member}
	case command.GeoSearchStore:
		return [][]byte{c.Area.Member}
	default:
		return nil
	}
}
