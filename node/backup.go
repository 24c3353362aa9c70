package node

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/server"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/backup"
)

// BackupConfig says where backups go.
type BackupConfig struct {
	// Dir is the directory below which backups are made; empty refuses them.
	Dir string
}

// backupName is one path element that is none of "." and "..".
var backupName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// validateBackup keeps backups out of the data directory: they would go with it.
func (c *Config) validateBackup(ps *problems) {
	if c.Backup.Dir == "" || c.DataDir == "" {
		return
	}
	data, err1 := filepath.Abs(c.DataDir)
	dir, err2 := filepath.Abs(c.Backup.Dir)
	if err := errors.Join(err1, err2); err != nil {
		ps.add("backup.dir: %v", err)
		return
	}
	if within, err := filepath.Rel(data, dir); err == nil && filepath.IsLocal(within) {
		ps.add("backup.dir: %s is in data_dir; a backup must not be lost with what it is of", dir)
	}
}

// backups makes backups of a running node, one at a time.
type backups struct {
	n  *Node
	mu sync.Mutex // held while one is made
}

// Create implements adminserver.Backups.
func (b *backups) Create(ctx context.Context, name string, progress func(backup.Progress)) (string, *backup.Manifest, error) {
	n := b.n
	switch {
	case n.cfg.Backup.Dir == "":
		return "", nil, server.Errorf(server.CodeDenied, "this node makes no backups: backup.dir is not set. Set it to a directory for them and start the node again")
	case !backupName.MatchString(name):
		return "", nil, server.Errorf(server.CodeInvalid, "backup name %.128q; use 1 to 128 of A-Z, a-z, 0-9, . _ and -, a letter or digit first", name)
	case !b.mu.TryLock():
		return "", nil, server.Errorf(server.CodeInvalid, "another backup is being made; wait for it")
	}
	defer b.mu.Unlock()
	wall, began := n.opts.Wall.Read()
	path := filepath.Join(n.cfg.Backup.Dir, name)
	m, err := backup.Create(ctx, backup.CreateConfig{
		Source: n.db, Dir: path, Digest: BackupDigest, Progress: progress,
		About: backup.Manifest{
			Program: n.opts.Version, Cluster: n.cfg.Cluster, Region: n.cfg.Region, Node: n.cfg.Node, NodeID: n.identity.ID,
			Time: time.UnixMilli(wall).UTC(),
		},
	})
	if err != nil {
		level := n.log.Error
		if ctx.Err() != nil {
			level = n.log.Warn // the operator changed his mind
		}
		level("backup failed; nothing is left of it", "path", path, "error", err)
		n.metrics.backups.WithLabelValues("failed").Inc()
		return "", nil, errors.Join(ctx.Err(), err)
	}
	_, now := n.opts.Wall.Read()
	n.log.Info("backup made", "path", path, "bytes", m.Bytes(), "updates", m.Updates(), "took", now-began)
	n.metrics.backups.WithLabelValues("made").Inc()
	n.metrics.backupTime.Set(float64(wall) / 1000)
	return path, m, nil
}

// BackupDigest computes what a manifest says about the shards of a store. It reads all
// live data.
func BackupDigest(ctx context.Context, db *store.DB) ([]backup.Shard, error) {
	heads, err := db.Heads(shardID)
	if err != nil {
		return nil, err
	}
	d, err := keyspace.DigestStore(ctx, keyspace.CoreConfig{Shard: shardID}, db)
	if err != nil {
		return nil, err
	}
	out := backup.Shard{ID: shardID, Cells: d.Cells, Digest: backup.Sum(d.Sum)}
	for _, h := range heads {
		out.Heads = append(out.Heads, backup.Head{Origin: h.Origin, Seq: h.Seq, Hash: h.Hash})
	}
	return []backup.Shard{out}, nil
}
