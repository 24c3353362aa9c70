package node

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/atollkv/atoll/store"
)

// Owner says whose a restored data directory shall be. Empty fields keep what the backup
// says.
type Owner struct{ Cluster, Region, Node string }

// ParseOwner reads region/node and a cluster id; both may be empty.
func ParseOwner(name, cluster string) (Owner, error) {
	o := Owner{Cluster: cluster}
	if cluster != "" && !clusterPattern.MatchString(cluster) {
		return o, fmt.Errorf("cluster %q: use 1 to 64 of A-Z, a-z, 0-9, . _ and -", clip(cluster))
	}
	if name == "" {
		return o, nil
	}
	var ok bool
	o.Region, o.Node, ok = strings.Cut(name, "/")
	if !ok || !namePattern.MatchString(o.Region) || !namePattern.MatchString(o.Node) {
		return o, fmt.Errorf("%q is no REGION/NODE; use for example eu/n1", clip(name))
	}
	return o, nil
}

// Adopt makes a data directory that a restore has filled the one of its new owner, and
// returns who that is. The directory gets an id of its own: it is another one than that
// of which the backup was made. A new cluster begins without the members of the old one.
func Adopt(dir string, o Owner) (Owner, error) {
	db, err := store.Open(store.Options{Dir: dir, Incomplete: true})
	if err != nil {
		return o, err
	}
	id, err := adopt(db, o)
	return Owner{id.Cluster, id.Region, id.Node}, errors.Join(err, db.Close())
}

func adopt(db meta, o Owner) (identity, error) {
	b, err := db.Meta(metaIdentity)
	if err != nil {
		return identity{}, err
	}
	if b == nil {
		return identity{}, errors.New("the backup does not say whose it is: no node ever started on it")
	}
	id, err := decodeIdentity(b)
	if err != nil {
		return id, err
	}
	if o.Cluster == id.Cluster {
		return id, fmt.Errorf("the backup is of cluster %s already: leave --new-cluster out", id.Cluster)
	}
	if o.Cluster != "" {
		for _, name := range []string{metaMembers, metaRoll} {
			if err := db.SetMeta(name, nil); err != nil {
				return id, err
			}
		}
		id.Cluster = o.Cluster
	}
	if o.Region != "" {
		id.Region, id.Node = o.Region, o.Node
	}
	id.ID = newNodeID()
	return id, db.SetMeta(metaIdentity, id.encode())
}

// newNodeID draws the id of a data directory.
func newNodeID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}
