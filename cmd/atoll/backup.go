package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/atollkv/atoll/node"
	pb "github.com/atollkv/atoll/proto/atoll/v1"
	"github.com/atollkv/atoll/store/backup"
)

func backupCommands() []*command {
	return []*command{
		{name: "backup", group: groupCluster, where: onlyOnce, min: 1, max: -1,
			args:    "create NAME | inspect DIR | verify DIR | restore DIR --data-dir NEW",
			summary: "copy a node's data into a directory while it serves, look at copies, bring them back",
			example: "atoll backup create monday; atoll backup verify /var/backups/atoll/monday", run: runBackup, flags: backupFlags},
	}
}

var backupFlags = []flagHelp{
	{"create NAME", "make a backup NAME below the node's backup.dir"},
	{"inspect DIR", "show what a backup holds; needs no node"},
	{"verify DIR", "read all of a backup and compare checksums, vector and digest; needs no node"},
	{"restore DIR", "copy a backup into a new data directory; needs no node"},
	{"--data-dir NEW", "restore: the data directory, missing or empty"},
	{"--as REGION/NODE", "restore: start it as this node (default: the node that was backed up)"},
	{"--new-cluster ID", "restore: start it as the first node of another cluster"},
}

// backupArgs is what the words behind backup mean.
type backupArgs struct {
	verb, object            string
	dataDir, as, newCluster string
}

const backupUse = "use: atoll backup create NAME | inspect DIR | verify DIR | restore DIR --data-dir NEW"

func readBackupArgs(args []string) (*backupArgs, *failure) {
	a := &backupArgs{}
	flags := map[string]*string{"--data-dir": &a.dataDir, "--as": &a.as, "--new-cluster": &a.newCluster}
	var words []string
	for len(args) > 0 {
		name, value, joined := strings.Cut(args[0], "=")
		args = args[1:]
		if !strings.HasPrefix(name, "--") {
			words = append(words, name+strings.Repeat("="+value, btoi(joined)))
			continue
		}
		to := flags[name]
		if to == nil {
			return nil, usagef("unknown flag %s of backup%s", clip(name), didYouMean(name, sortedKeys(flags))).hint(backupUse)
		}
		if !joined {
			if len(args) == 0 {
				return nil, usagef("%s needs a value", name).hint(backupUse)
			}
			value, args = args[0], args[1:]
		}
		*to = value
	}
	verbs := []string{"create", "inspect", "verify", "restore"}
	if len(words) == 0 || !slices.Contains(verbs, words[0]) {
		return nil, usagef("backup %s is unknown%s", clip(strings.Join(words, " ")), didYouMean(strings.Join(words, " "), verbs)).hint(backupUse)
	}
	if len(words) != 2 {
		return nil, usagef("backup %s needs one word, not %d", words[0], len(words)-1).hint(backupUse)
	}
	a.verb, a.object = words[0], words[1]
	switch restore := a.verb == "restore"; {
	case restore && a.dataDir == "":
		return nil, usagef("backup restore needs --data-dir NEW").hint(backupUse)
	case !restore && a.dataDir+a.as+a.newCluster != "":
		return nil, usagef("--data-dir, --as and --new-cluster belong to backup restore").hint(backupUse)
	}
	return a, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func runBackup(ctx context.Context, s *session, args []string) reply {
	a, f := readBackupArgs(args)
	if f != nil {
		return errReply{f}
	}
	switch a.verb {
	case "create":
		return createBackup(ctx, s, a.object)
	case "inspect":
		m, err := backup.Read(nil, a.object)
		if err != nil {
			return errReply{explainBackup(err)}
		}
		return manifestReply(m, "")
	case "verify":
		return verifyBackup(ctx, s, a.object)
	}
	return restoreBackup(ctx, s, a)
}

func createBackup(ctx context.Context, s *session, name string) reply {
	conn, f := s.connect(ctx)
	if f != nil {
		return errReply{f}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pb.NewBackupClient(conn.Conn()).CreateBackup(ctx, pb.CreateBackupRequest_builder{Name: name}.Build())
	if err != nil {
		return errReply{explain(err)}
	}
	b := newBar(s, size)
	defer b.end()
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			err = errors.New("the node ended the backup without a result; see its log")
		}
		if err != nil {
			return errReply{explain(err)}
		}
		if m.GetPath() == "" {
			b.set(m.GetPhase(), m.GetDoneBytes(), m.GetTotalBytes())
			continue
		}
		manifest, err := backup.Decode(m.GetManifest())
		if err != nil {
			return errReply{failf("ERROR", exitError, "the node's answer: %v", err)}
		}
		return manifestReply(manifest, m.GetPath())
	}
}

// local shows the progress of work in this process.
func (b *bar) local(p backup.Progress) { b.set(string(p.Phase), uint64(p.Done), uint64(p.Total)) }

func verifyBackup(ctx context.Context, s *session, dir string) reply {
	b := newBar(s, size)
	m, err := backup.Verify(ctx, nil, dir, node.BackupDigest, b.local)
	b.end()
	if err != nil {
		return errReply{explainBackup(err)}
	}
	r := manifestReply(m, dir)
	r.page += "\nverified: every file, the vector and the digest are as they were written\n"
	r.doc.(object)["verified"] = true
	return r
}

func restoreBackup(ctx context.Context, s *session, a *backupArgs) reply {
	owner, err := node.ParseOwner(a.as, a.newCluster)
	if err != nil {
		return errReply{usagef("%v", err)}
	}
	b := newBar(s, size)
	m, err := backup.Restore(ctx, nil, a.object, a.dataDir, func(dir string) (err error) {
		owner, err = node.Adopt(dir, owner)
		return err
	}, b.local)
	b.end()
	if err != nil {
		return errReply{explainBackup(err)}
	}
	start := fmt.Sprintf("atolld --data-dir %s --cluster %s --region %s --node %s …", a.dataDir, owner.Cluster, owner.Region, owner.Node)
	doc := manifestDocument(m)
	doc["data_dir"], doc["restored_as"], doc["restored_cluster"] = a.dataDir, nodeName(owner.Region, owner.Node), owner.Cluster
	page := fmt.Sprintf("restored %s (%s) into %s as %s of cluster %s\nstart it with: %s\n", a.object, size(uint64(m.Bytes())), a.dataDir,
		nodeName(owner.Region, owner.Node), owner.Cluster, start)
	return pageReply{page: page, doc: doc}
}

// manifestReply shows what a backup says of itself; path is where it is, or "".
func manifestReply(m *backup.Manifest, path string) pageReply {
	var out strings.Builder
	if path != "" {
		fmt.Fprintf(&out, "%s\n", path)
	}
	fmt.Fprintf(&out, "backup of %s of cluster %s, begun %s by atolld %s\n", nodeName(m.Region, m.Node), m.Cluster, m.Time.Format("2006-01-02T15:04:05.000Z"), or(m.Program, "of unknown version"))
	fmt.Fprintf(&out, "%s in %s, store format %d, node id %s\n", size(uint64(m.Bytes())), count(uint64(len(m.Files)), "file"), m.StoreFormat, m.NodeID)
	for _, sh := range m.Shards {
		updates := uint64(0)
		for _, h := range sh.Heads {
			updates += uint64(h.Seq)
		}
		fmt.Fprintf(&out, "shard %d: %s from %s, %s\ndigest %s\n", sh.ID, count(updates, "update"), count(uint64(len(sh.Heads)), "origin"), count(sh.Cells, "cell"), sh.Digest)
	}
	doc := manifestDocument(m)
	if path != "" {
		doc["path"] = path
	}
	return pageReply{page: out.String(), doc: doc}
}

func manifestDocument(m *backup.Manifest) object {
	shards, files := []object{}, []object{}
	for _, sh := range m.Shards {
		vector := []object{}
		for _, h := range sh.Heads {
			vector = append(vector, object{"origin": originID(uint64(h.Origin)), "seq": uint64(h.Seq), "hash": fmt.Sprintf("%016x", uint64(h.Hash))})
		}
		shards = append(shards, object{"shard": uint32(sh.ID), "cells": sh.Cells, "digest": sh.Digest.String(), "vector": vector})
	}
	for _, f := range m.Files {
		files = append(files, object{"name": f.Name, "bytes": f.Size, "sha256": f.Sum.String()})
	}
	return object{"cluster": m.Cluster, "region": m.Region, "node": m.Node, "node_id": m.NodeID, "program": m.Program, "store_format": m.StoreFormat,
		"time": m.Time, "bytes": m.Bytes(), "updates": m.Updates(), "shards": shards, "files": files}
}

// explainBackup turns errors about a backup into failures with a way out.
func explainBackup(err error) *failure {
	var damage *backup.DamageError
	switch {
	case errors.As(err, &damage):
		return failf("DAMAGED", exitError, "%v", err).hint("keep it for a look at it, and use another backup")
	case errors.Is(err, backup.ErrIncomplete):
		return failf("INCOMPLETE", exitError, "%v", err).hint("delete it and make another one: atoll backup create NAME")
	case errors.Is(err, backup.ErrNotEmpty):
		return failf("EXISTS", exitRefused, "%v", err)
	case errors.Is(err, fs.ErrNotExist):
		return failf("NOTFOUND", exitNotFound, "%v", err)
	}
	return explain(err)
}
