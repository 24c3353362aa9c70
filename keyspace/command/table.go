package command

import "github.com/atollkv/atoll/keyspace"

// All returns one value of every command, by name.
func All() map[string]keyspace.Command {
	all := map[string]keyspace.Command{}
	for _, c := range []keyspace.Command{
		HSet{}, HSetNX{}, HGet{}, HMGet{}, HGetAll{}, HKeys{}, HVals{}, HLen{}, HExists{}, HStrLen{}, HDel{}, HIncr{}, HRandField{},
		ZAdd{}, ZIncr{}, ZRem{}, ZScore{}, ZCard{}, ZCount{}, ZRank{}, ZRank{Reverse: true}, ZRange{}, ZRangeStore{}, ZPop{}, ZScan{}, ZRandMember{},
		ZRemRange{Span: Span{By: ByRank}}, ZRemRange{Span: Span{By: ByScore}}, ZRemRange{Span: Span{By: ByLex}}, ZInterCard{},
		ZCombine{As: Intersection}, ZCombine{As: Union}, ZCombine{As: Difference},
		ZCombineStore{ZCombine: ZCombine{As: Intersection}}, ZCombineStore{ZCombine: ZCombine{As: Union}}, ZCombineStore{ZCombine: ZCombine{As: Difference}},
		GeoSearch{}, GeoSearchStore{},
		IncrFloat{}, HIncrFloat{},
		BCreate{}, BGet{}, BIncr{}, BDecr{}, BGrant{}, BRights{}, BReclaim{}, BReplay{}, PFAdd{}, PFCount{}, PFMerge{}, PFReplay{},
		XAdd{}, XLen{}, XRange{}, XRange{Reverse: true}, XDel{}, XTrim{}, XRead{}, XCursor{}, XSetID{}, XInfoStream{}, XReplay{},
		Push{To: keyspace.Front}, Push{To: keyspace.Back}, Push{To: keyspace.Front, Existing: true}, Push{To: keyspace.Back, Existing: true},
		Pop{From: keyspace.Front}, Pop{From: keyspace.Back}, LLen{}, LRange{}, LIndex{}, LSet{}, LInsert{}, LRem{}, LTrim{}, LPos{}, LMove{}, LMPop{}, LReplay{},
		Get{}, Set{}, Delete{}, Exists{}, Incr{}, ResetCounter{},
		Expire{}, Persist{}, TTL{}, GetEx{}, Reap{},
		SetIf{}, GetDel{}, Append{}, SetRange{}, MGet{}, MSet{}, Types{}, Multi{},
		SAdd{}, SRem{}, SMembers{}, SIsMember{}, SMIsMember{}, SCard{}, SRandMember{}, SMove{}, Scan{},
		SCombine{As: Intersection}, SCombine{As: Union}, SCombine{As: Difference},
		SCombineStore{As: Intersection}, SCombineStore{As: Union}, SCombineStore{As: Difference}, Siblings{},
		Rename{}, Copy{}, RandomKey{}, DBSize{}, Encoding{}, MemoryUsage{},
		GetBit{}, SetBit{}, BitCount{}, BitPos{}, BitOp{}, BitField{}, LCS{}, SPop{}, SInterCard{},
	} {
		all[c.Name()] = c
	}
	return all
}
