package node

import (
	"fmt"
	"strings"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/store"
)

// lookForAlarms finds what is wrong at the moment.
func (n *Node) lookForAlarms() map[string]string {
	out := map[string]string{}
	clones, self, why := n.replicator.Clones()
	if self {
		out[alarmClone] = fmt.Sprintf("a second process runs as %s/%s: %s; writes are refused here until one of them is stopped", n.cfg.Region, n.cfg.Node, why)
	}
	var peers []string
	for _, c := range clones {
		peers = append(peers, c.String())
	}
	if len(peers) > 0 {
		out[alarmPeerClone] = strings.Join(peers, "; ") + "; nothing is sent to them until all but one are stopped"
	}
	n.divergenceAlarm(out)
	if text := n.healer.damageAlarm(); text != "" {
		out[alarmDamage] = text
	}
	if text := n.disk.alarm(n.cfg.DataDir); text != "" {
		out[alarmDisk] = text
	}
	if err := n.memory.refusal(true); err != nil {
		out[alarmMemory] = err.Error() + "; clients are turned away"
	}
	if err := n.shard.Stats().Ends.Superseded; err != nil {
		out[alarmSuperseded] = fmt.Sprintf("%v; it takes no writes any more: stop it, run `%s`, start it again, and it takes over what the others have", err, store.ReloadCommand(n.cfg.DataDir))
	}
	n.clockAlarms(out)
	n.membersAlarms(out)
	return out
}

func (n *Node) alarmChanged(name, text string, on bool) {
	if on {
		n.log.Error("alarm", "alarm", name, "text", text)
		return
	}
	n.log.Info("alarm is over", "alarm", name)
}

// pressure is why a request cannot be served now, or nil.
func (n *Node) pressure(writes bool, cmds []keyspace.Command) *server.Error {
	if err := n.isRemoved(writes); err != nil {
		return err
	}
	if err := n.memory.refusal(writes); err != nil {
		return server.Errorf(server.CodeMemory, "%v", err)
	}
	if !writes {
		return nil
	}
	if _, self := n.alarms.get()[alarmClone]; self {
		return server.Errorf(server.CodeCloned, "two processes run as %s/%s", n.cfg.Region, n.cfg.Node)
	}
	if err := n.disk.admit(server.PayloadBytes(cmds), server.OnlyFrees(cmds)); err != nil {
		return server.Errorf(server.CodeDiskFull, "%v", err)
	}
	return nil
}

// full is why a large request is not even read now, or nil: it would be a write.
func (n *Node) full() *server.Error {
	if err := n.memory.refusal(true); err != nil {
		return server.Errorf(server.CodeMemory, "%v", err)
	}
	return nil
}
