package grpcserver

import (
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/server"
)

// operation is one arm of the Operation message, by its field number. Ping, txn
// and wait are not here: they are no commands; nor is command, which is one of many.
type operation struct {
	name    string
	command func(*pb.Operation, *server.Limits) (namespace string, cmd keyspace.Command, err error)
	result  func(keyspace.Reply) (*pb.Result, error)
}

type namespaced interface{ GetNamespace() string }

// arm joins a conversion with the accessors of its fields in Operation and Result.
func arm[Q namespaced, R any](name string, c conversion[Q, R], get func(*pb.Operation) Q, set func(*pb.Result, R)) operation {
	return operation{
		name: name,
		command: func(op *pb.Operation, l *server.Limits) (string, keyspace.Command, error) {
			q := get(op)
			cmd, err := c.command(q, l)
			return q.GetNamespace(), cmd, err
		},
		result: func(p keyspace.Reply) (*pb.Result, error) {
			result := &pb.Result{}
			set(result, c.response(p))
			return result, nil
		},
	}
}

// operations is the table of Operation's arms. The number is the field's.
var operations = [...]operation{
	1:   arm("get", convertGet, (*pb.Operation).GetGet, (*pb.Result).SetGet),
	2:   arm("set", convertSet, (*pb.Operation).GetSet, (*pb.Result).SetSet),
	3:   arm("delete", convertDelete, (*pb.Operation).GetDelete, (*pb.Result).SetDelete),
	4:   arm("incr", convertIncr, (*pb.Operation).GetIncr, (*pb.Result).SetIncr),
	5:   arm("reset_counter", convertResetCounter, (*pb.Operation).GetResetCounter, (*pb.Result).SetResetCounter),
	6:   arm("sadd", convertSAdd, (*pb.Operation).GetSadd, (*pb.Result).SetSadd),
	7:   arm("srem", convertSRem, (*pb.Operation).GetSrem, (*pb.Result).SetSrem),
	8:   arm("sismember", convertSIsMember, (*pb.Operation).GetSismember, (*pb.Result).SetSismember),
	9:   arm("scard", convertSCard, (*pb.Operation).GetScard, (*pb.Result).SetScard),
	10:  arm("exists", convertExists, (*pb.Operation).GetExists, (*pb.Result).SetExists),
	12:  arm("smembers", convertSMembers, (*pb.Operation).GetSmembers, (*pb.Result).SetSmembers),
	13:  arm("scan", convertScan, (*pb.Operation).GetScan, (*pb.Result).SetScan),
	14:  arm("siblings", convertSiblings, (*pb.Operation).GetSiblings, (*pb.Result).SetSiblings),
	16:  arm("hset", convertHSet, (*pb.Operation).GetHset, (*pb.Result).SetHset),
	17:  arm("hsetnx", convertHSetNX, (*pb.Operation).GetHsetnx, (*pb.Result).SetHsetnx),
	18:  arm("hget", convertHGet, (*pb.Operation).GetHget, (*pb.Result).SetHget),
	19:  arm("hmget", convertHMGet, (*pb.Operation).GetHmget, (*pb.Result).SetHmget),
	20:  arm("hgetall", convertHGetAll, (*pb.Operation).GetHgetall, (*pb.Result).SetHgetall),
	21:  arm("hkeys", convertHKeys, (*pb.Operation).GetHkeys, (*pb.Result).SetHkeys),
	22:  arm("hvals", convertHVals, (*pb.Operation).GetHvals, (*pb.Result).SetHvals),
	23:  arm("hlen", convertHLen, (*pb.Operation).GetHlen, (*pb.Result).SetHlen),
	24:  arm("hexists", convertHExists, (*pb.Operation).GetHexists, (*pb.Result).SetHexists),
	25:  arm("hstrlen", convertHStrLen, (*pb.Operation).GetHstrlen, (*pb.Result).SetHstrlen),
	26:  arm("hdel", convertHDel, (*pb.Operation).GetHdel, (*pb.Result).SetHdel),
	27:  arm("hincr", convertHIncr, (*pb.Operation).GetHincr, (*pb.Result).SetHincr),
	28:  arm("zadd", convertZAdd, (*pb.Operation).GetZadd, (*pb.Result).SetZadd),
	29:  arm("zincr", convertZIncr, (*pb.Operation).GetZincr, (*pb.Result).SetZincr),
	30:  arm("zrem", convertZRem, (*pb.Operation).GetZrem, (*pb.Result).SetZrem),
	31:  arm("zscore", convertZScore, (*pb.Operation).GetZscore, (*pb.Result).SetZscore),
	32:  arm("zcard", convertZCard, (*pb.Operation).GetZcard, (*pb.Result).SetZcard),
	33:  arm("zrange", convertZRange, (*pb.Operation).GetZrange, (*pb.Result).SetZrange),
	34:  arm("zrange_by_score", convertZRangeByScore, (*pb.Operation).GetZrangeByScore, (*pb.Result).SetZrangeByScore),
	35:  arm("zrank", convertZRank, (*pb.Operation).GetZrank, (*pb.Result).SetZrank),
	36:  arm("zpop", convertZPop, (*pb.Operation).GetZpop, (*pb.Result).SetZpop),
	37:  arm("lpush", convertLPush, (*pb.Operation).GetLpush, (*pb.Result).SetLpush),
	38:  arm("lpop", convertLPop, (*pb.Operation).GetLpop, (*pb.Result).SetLpop),
	39:  arm("lrange", convertLRange, (*pb.Operation).GetLrange, (*pb.Result).SetLrange),
	40:  arm("llen", convertLLen, (*pb.Operation).GetLlen, (*pb.Result).SetLlen),
	41:  arm("lindex", convertLIndex, (*pb.Operation).GetLindex, (*pb.Result).SetLindex),
	42:  arm("lset", convertLSet, (*pb.Operation).GetLset, (*pb.Result).SetLset),
	43:  arm("linsert", convertLInsert, (*pb.Operation).GetLinsert, (*pb.Result).SetLinsert),
	44:  arm("lrem", convertLRem, (*pb.Operation).GetLrem, (*pb.Result).SetLrem),
	45:  arm("ltrim", convertLTrim, (*pb.Operation).GetLtrim, (*pb.Result).SetLtrim),
	46:  arm("lmove", convertLMove, (*pb.Operation).GetLmove, (*pb.Result).SetLmove),
	47:  arm("lpos", convertLPos, (*pb.Operation).GetLpos, (*pb.Result).SetLpos),
	50:  arm("expire", convertExpire, (*pb.Operation).GetExpire, (*pb.Result).SetExpire),
	51:  arm("persist", convertPersist, (*pb.Operation).GetPersist, (*pb.Result).SetPersist),
	52:  arm("ttl", convertTTL, (*pb.Operation).GetTtl, (*pb.Result).SetTtl),
	53:  arm("rename", convertRename, (*pb.Operation).GetRename, (*pb.Result).SetRename),
	54:  arm("copy", convertCopy, (*pb.Operation).GetCopy, (*pb.Result).SetCopy),
	60:  arm("bcreate", convertBCreate, (*pb.Operation).GetBcreate, (*pb.Result).SetBcreate),
	61:  arm("bget", convertBGet, (*pb.Operation).GetBget, (*pb.Result).SetBget),
	62:  arm("bincr", convertBIncr, (*pb.Operation).GetBincr, (*pb.Result).SetBincr),
	63:  arm("bdecr", convertBDecr, (*pb.Operation).GetBdecr, (*pb.Result).SetBdecr),
	64:  arm("bgrant", convertBGrant, (*pb.Operation).GetBgrant, (*pb.Result).SetBgrant),
	65:  arm("brights", convertBRights, (*pb.Operation).GetBrights, (*pb.Result).SetBrights),
	66:  arm("breclaim", convertBReclaim, (*pb.Operation).GetBreclaim, (*pb.Result).SetBreclaim),
	80:  arm("pfadd", convertPFAdd, (*pb.Operation).GetPfadd, (*pb.Result).SetPfadd),
	81:  arm("pfcount", convertPFCount, (*pb.Operation).GetPfcount, (*pb.Result).SetPfcount),
	82:  arm("pfmerge", convertPFMerge, (*pb.Operation).GetPfmerge, (*pb.Result).SetPfmerge),
	83:  arm("getbit", convertGetBit, (*pb.Operation).GetGetbit, (*pb.Result).SetGetbit),
	84:  arm("setbit", convertSetBit, (*pb.Operation).GetSetbit, (*pb.Result).SetSetbit),
	85:  arm("bitcount", convertBitCount, (*pb.Operation).GetBitcount, (*pb.Result).SetBitcount),
	86:  arm("bitpos", convertBitPos, (*pb.Operation).GetBitpos, (*pb.Result).SetBitpos),
	87:  arm("bitop", convertBitOp, (*pb.Operation).GetBitop, (*pb.Result).SetBitop),
	88:  arm("bitfield", convertBitField, (*pb.Operation).GetBitfield, (*pb.Result).SetBitfield),
	89:  arm("geoadd", convertGeoAdd, (*pb.Operation).GetGeoadd, (*pb.Result).SetGeoadd),
	90:  arm("geopos", convertGeoPos, (*pb.Operation).GetGeopos, (*pb.Result).SetGeopos),
	91:  arm("geodist", convertGeoDist, (*pb.Operation).GetGeodist, (*pb.Result).SetGeodist),
	92:  arm("geosearch", convertGeoSearch, (*pb.Operation).GetGeosearch, (*pb.Result).SetGeosearch),
	93:  arm("geosearchstore", convertGeoSearchStore, (*pb.Operation).GetGeosearchstore, (*pb.Result).SetGeosearchstore),
	94:  arm("types", convertTypes, (*pb.Operation).GetTypes, (*pb.Result).SetTypes),
	95:  arm("dbsize", convertDBSize, (*pb.Operation).GetDbsize, (*pb.Result).SetDbsize),
	96:  arm("random_key", convertRandomKey, (*pb.Operation).GetRandomKey, (*pb.Result).SetRandomKey),
	99:  arm("namespaces", convertNamespaces, (*pb.Operation).GetNamespaces, (*pb.Result).SetNamespaces),
	110: arm("xadd", convertXAdd, (*pb.Operation).GetXadd, (*pb.Result).SetXadd),
	111: arm("xrange", convertXRange, (*pb.Operation).GetXrange, (*pb.Result).SetXrange),
	112: arm("xlen", convertXLen, (*pb.Operation).GetXlen, (*pb.Result).SetXlen),
	113: arm("xdel", convertXDel, (*pb.Operation).GetXdel, (*pb.Result).SetXdel),
	114: arm("xtrim", convertXTrim, (*pb.Operation).GetXtrim, (*pb.Result).SetXtrim),
	115: arm("xread", convertXRead, (*pb.Operation).GetXread, (*pb.Result).SetXread),
	116: arm("xsetid", convertXSetID, (*pb.Operation).GetXsetid, (*pb.Result).SetXsetid),
	117: arm("xinfo", convertXInfo, (*pb.Operation).GetXinfo, (*pb.Result).SetXinfo),
	118: arm("lmpop", convertLMPop, (*pb.Operation).GetLmpop, (*pb.Result).SetLmpop),
	119: arm("zmpop", convertZMPop, (*pb.Operation).GetZmpop, (*pb.Result).SetZmpop),
	140: arm("xcursor", convertXCursor, (*pb.Operation).GetXcursor, (*pb.Result).SetXcursor),
	141: arm("xgroupcreate", convertXGroupCreate, (*pb.Operation).GetXgroupcreate, (*pb.Result).SetXgroupcreate),
	142: arm("xgroupsetid", convertXGroupSetID, (*pb.Operation).GetXgroupsetid, (*pb.Result).SetXgroupsetid),
	143: arm("xgroupdestroy", convertXGroupDestroy, (*pb.Operation).GetXgroupdestroy, (*pb.Result).SetXgroupdestroy),
	144: arm("xgroupcreateconsumer", convertXGroupCreateConsumer, (*pb.Operation).GetXgroupcreateconsumer, (*pb.Result).SetXgroupcreateconsumer),
	145: arm("xgroupdelconsumer", convertXGroupDelConsumer, (*pb.Operation).GetXgroupdelconsumer, (*pb.Result).SetXgroupdelconsumer),
	146: arm("xreadgroup", convertXReadGroup, (*pb.Operation).GetXreadgroup, (*pb.Result).SetXreadgroup),
	147: arm("xack", convertXAck, (*pb.Operation).GetXack, (*pb.Result).SetXack),
	148: arm("xpending", convertXPending, (*pb.Operation).GetXpending, (*pb.Result).SetXpending),
	149: arm("xpendingrange", convertXPendingRange, (*pb.Operation).GetXpendingrange, (*pb.Result).SetXpendingrange),
	150: arm("xclaim", convertXClaim, (*pb.Operation).GetXclaim, (*pb.Result).SetXclaim),
	151: arm("xautoclaim", convertXAutoClaim, (*pb.Operation).GetXautoclaim, (*pb.Result).SetXautoclaim),
	152: arm("xinfogroups", convertXInfoGroups, (*pb.Operation).GetXinfogroups, (*pb.Result).SetXinfogroups),
	153: arm("xinfoconsumers", convertXInfoConsumers, (*pb.Operation).GetXinfoconsumers, (*pb.Result).SetXinfoconsumers),
}

// alone are the operations whose commands do not work beside others.
var alone = map[int]bool{int(pb.Operation_Dbsize_case): true, int(pb.Operation_RandomKey_case): true, int(pb.Operation_Namespaces_case): true}

// task is an operation that is ready to be run.
type task struct {
	name string
	// space is the namespace that the operation names; chosen tells whether it names any.
	space  namespace.Name
	chosen bool
	cmd    keyspace.Command
	alone  bool
	// prepare, if there is one, makes the command in the place of cmd outside a transaction.
	prepare func(server.Doer) (keyspace.Command, error)
	result  func(keyspace.Reply) (*pb.Result, error)
}

// taskOf reads the arm that is set. The name of the task is for reports, also beside an error.
func (s *Server) taskOf(op *pb.Operation, l *server.Limits) (t task, err error) {
	if op.HasCommand() {
		return s.wordedTask(op.GetCommand(), l)
	}
	n := int(op.WhichOp())
	if n == 0 || n >= len(operations) || operations[n].command == nil {
		return task{name: "unknown"}, server.Errorf(server.CodeInvalid, "operation: required")
	}
	arm := &operations[n]
	t = task{name: arm.name, alone: alone[n], result: arm.result}
	var space string
	if space, t.cmd, err = arm.command(op, l); err == nil {
		err = t.choose(space)
	}
	return t, err
}

func (t *task) choose(space string) (err error) {
	t.chosen = space != ""
	t.space, err = server.Namespace(space)
	return err
}

// in returns the namespace of the task: that of what it is a part of, if it chooses none.
func (t *task) in(outer namespace.Name) namespace.Name {
	if t.chosen {
		return t.space
	}
	return outer
}
