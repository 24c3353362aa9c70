package respserver

import (
	"slices"
	"strings"
)

// rows is the table of everything that is offered, and table the same by name. They are filled by init:
// COMMAND, which is in them, reads them.
var (
	rows  []*row
	table = map[string]*row{}
)

func init() {
	rows = []*row{
		&rowGet, &rowSet, &rowSetNX, &rowGetSet, &rowGetDel, &rowGetEx, &rowSetEx, &rowPSetEx, &rowAppend, &rowStrLen, &rowGetRange, &rowSubStr, &rowSetRange,
		&rowMGet, &rowMSet, &rowMSetNX, &rowIncr, &rowDecr, &rowIncrBy, &rowDecrBy,
		&rowSAdd, &rowSRem, &rowSMembers, &rowSIsMember, &rowSMIsMember, &rowSCard, &rowSScan, &rowSRandMember, &rowSPop, &rowSMove, &rowSInterCard,
		&rowSInter, &rowSUnion, &rowSDiff, &rowSInterStore, &rowSUnionStore, &rowSDiffStore,
		&rowHSet, &rowHSetNX, &rowHMSet, &rowHGet, &rowHMGet, &rowHGetAll, &rowHDel, &rowHExists, &rowHIncrBy, &rowHKeys, &rowHVals, &rowHLen, &rowHStrLen,
		&rowHScan, &rowHRandField, &rowHExpire, &rowHPExpire, &rowHExpireAt, &rowHPExpireAt, &rowHTTL, &rowHPTTL, &rowHExpireTime, &rowHPExpireTime, &rowHPersist,
		&rowHGetEx, &rowHSetEx, &rowHGetDel,
		&rowZAdd, &rowZIncrBy, &rowZRem, &rowZScore, &rowZMScore, &rowZCard, &rowZCount, &rowZLexCount, &rowZRank, &rowZRevRank,
		&rowZRange, &rowZRevRange, &rowZRangeByScore, &rowZRevRangeByScore, &rowZRangeByLex, &rowZRevRangeByLex, &rowZRangeStore,
		&rowZPopMin, &rowZPopMax, &rowZMPop, &rowZRemRangeByRank, &rowZRemRangeByScore, &rowZRemRangeByLex, &rowZScan, &rowZRandMember,
		&rowZUnion, &rowZInter, &rowZDiff, &rowZUnionStore, &rowZInterStore, &rowZDiffStore, &rowZInterCard,
		&rowGeoAdd, &rowGeoPos, &rowGeoDist, &rowGeoHash, &rowGeoSearch, &rowGeoSearchStore, &rowGeoRadius, &rowGeoRadiusRO, &rowGeoRadiusByMember, &rowGeoRadiusByMemberRO,
		&rowIncrByFloat, &rowHIncrByFloat,
		&rowLPush, &rowRPush, &rowLPushX, &rowRPushX, &rowLPop, &rowRPop, &rowLMPop, &rowLLen, &rowLRange, &rowLTrim, &rowLIndex, &rowLSet, &rowLInsert, &rowLRem,
		&rowLMove, &rowRPopLPush, &rowLPos,
		&rowXAdd, &rowXLen, &rowXRange, &rowXRevRange, &rowXDel, &rowXTrim, &rowXRead, &rowXSetID, &rowXInfo,
		&rowXGroup, &rowXReadGroup, &rowXAck, &rowXPending, &rowXClaim, &rowXAutoClaim,
		&rowBCounter, &rowPFAdd, &rowPFCount, &rowPFMerge,
		&rowBLPop, &rowBRPop, &rowBLMPop, &rowBLMove, &rowBRPopLPush, &rowBZPopMin, &rowBZPopMax, &rowBZMPop,
		&rowExpire, &rowPExpire, &rowExpireAt, &rowPExpireAt, &rowTTL, &rowPTTL, &rowExpireTime, &rowPExpireTime, &rowPersist,
		&rowDel, &rowUnlink, &rowExists, &rowTouch, &rowType, &rowScan, &rowSiblings, &rowHistory, &rowXCursor,
		&rowGetBit, &rowSetBit, &rowBitCount, &rowBitPos, &rowBitOp, &rowBitField, &rowBitFieldRO, &rowLCS,
		&rowSort, &rowSortRO, &rowRename, &rowRenameNX, &rowCopy, &rowMove, &rowRandomKey, &rowKeys, &rowObject, &rowMemory, &rowDBSize, &rowFlushDB, &rowFlushAll,
		&rowMulti, &rowExec, &rowDiscard, &rowWatch, &rowUnwatch, &rowToken, &rowAfter, &rowOnce, &rowAgain,
		&rowSubscribe, &rowPSubscribe, &rowUnsubscribe, &rowPUnsubscribe, &rowPublish, &rowPubsub,
		&rowPing, &rowEcho, &rowSelect, &rowNamespace, &rowAtoll, &rowQuit, &rowAuth, &rowHello, &rowReset, &rowClient,
		&rowTime, &rowInfo, &rowConfig, &rowCommand, &rowSlowlog, &rowLatency, &rowLag, &rowConflicts, &rowWait, &rowAck, &rowMonitor,
	}
	slices.SortFunc(rows, func(a, b *row) int { return strings.Compare(a.name, b.name) })
	for _, r := range rows {
		table[r.name] = r
	}
	for _, r := range rows {
		if len(r.subs) == 0 {
			continue
		}
		r.subs = append(r.subs, helpRow(r))
		slices.SortFunc(r.subs, func(a, b *row) int { return strings.Compare(a.name, b.name) })
	}
}

// helpRow is the subcommand HELP of a command, made from the others.
func helpRow(of *row) *row {
	categories := ""
	switch of {
	case &rowClient, &rowCommand:
		categories = "connection"
	case &rowXInfo, &rowXGroup:
		categories = "stream"
	case &rowObject:
		categories = "keyspace"
	}
	return &row{
		name: of.name + "|help", categories: categories, arity: 2, flags: "loading stale",
		group: of.group, since: of.since, complexity: "O(1)", syntax: strings.ToUpper(of.name) + " HELP",
		summary: "Lists the subcommands.",
		run: func(c *conn, _ [][]byte) error {
			c.out.Array(1 + 2*len(of.subs))
			c.out.Simple(strings.ToUpper(of.name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
			for _, s := range of.subs {
				_, usage, _ := strings.Cut(s.syntax, " ")
				c.out.Simple(usage)
				c.out.Simple("    " + s.summary)
			}
			return nil
		},
	}
}
