package node

import (
	"fmt"
	"strings"
)

// metaIdentity is the store's record of whose data directory it is.
const metaIdentity = "node/identity"

// identityFormat is the first line of the record.
const identityFormat = "atoll node 1"

// identity says whose data directory it is. ID is drawn once per directory.
type identity struct{ Cluster, Region, Node, ID string }

// OwnerError refuses the data directory of another cluster or node.
type OwnerError struct{ Dir, What, Theirs, Ours string }

// Error says whose directory it is, and what to do.
func (e *OwnerError) Error() string {
	return fmt.Sprintf("data_dir %s belongs to %s %q; this is %q. Use another directory, or the configuration it was made with; "+
		"a backup is given to another by atoll backup restore --as or --new-cluster",
		e.Dir, e.What, e.Theirs, e.Ours)
}

func (id identity) encode() []byte {
	return []byte(strings.Join([]string{identityFormat, id.Cluster, id.Region, id.Node, id.ID}, "\n"))
}

func decodeIdentity(b []byte) (identity, error) {
	lines := strings.Split(string(b), "\n")
	if len(lines) != 5 || lines[0] != identityFormat {
		return identity{}, fmt.Errorf("the record of its owner has an unknown form: a newer version wrote it, or it is damaged")
	}
	return identity{Cluster: lines[1], Region: lines[2], Node: lines[3], ID: lines[4]}, nil
}

// meta keeps small records; store.DB is one.
type meta interface {
	Meta(name string) ([]byte, error)
	SetMeta(name string, value []byte) error
}

// claim takes a data directory for this node, or refuses when it is another's.
func claim(db meta, cfg *Config) (identity, error) {
	b, err := db.Meta(metaIdentity)
	if err != nil {
		return identity{}, fmt.Errorf("read owner of %s: %w", cfg.DataDir, err)
	}
	if b == nil {
		own := identity{Cluster: cfg.Cluster, Region: cfg.Region, Node: cfg.Node, ID: newNodeID()}
		if err := db.SetMeta(metaIdentity, own.encode()); err != nil {
			return identity{}, fmt.Errorf("write owner of %s: %w", cfg.DataDir, err)
		}
		return own, nil
	}
	own, err := decodeIdentity(b)
	if err != nil {
		return identity{}, fmt.Errorf("data_dir %s: %w", cfg.DataDir, err)
	}
	if own.Cluster != cfg.Cluster {
		return identity{}, &OwnerError{cfg.DataDir, "cluster", own.Cluster, cfg.Cluster}
	}
	if theirs, ours := own.Region+"/"+own.Node, cfg.Region+"/"+cfg.Node; theirs != ours {
		return identity{}, &OwnerError{cfg.DataDir, "node", theirs, ours}
	}
	return own, nil
}
