package node

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/store"
)

// Reload gives a node whose data directory is damaged or superseded a fresh one, which waits for the
// peers' data. The old one is moved aside, never deleted. Nothing of its origins is kept: the node goes
// on under new ones.
type Reload struct {
	// Dir is the data directory; Aside is where it goes.
	Dir, Aside string
	// Owner says whose it is, empty when that cannot be read.
	Owner Owner
	// Members are the others that are remembered.
	Members []string
	// Unreadable is why the fresh directory remembers nothing, or nil.
	Unreadable error

	hold io.Closer
	keep map[string][]byte // metadata of the fresh directory
}

// PrepareReload holds a data directory and reads what can be kept of it. Nothing in it is changed.
// The error matches store.ErrInUse while a node runs on it.
func PrepareReload(dir string) (*Reload, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, err
	}
	r := &Reload{Dir: dir, keep: map[string][]byte{metaLoad: []byte(loadAgain)}}
	if r.hold, err = store.Hold(dir); err != nil {
		return nil, err
	}
	if r.Aside, err = freeName(dir); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.Unreadable = r.read()
	return r, nil
}

// freeName returns a path beside dir that does not exist.
func freeName(dir string) (string, error) {
	for i := 1; ; i++ {
		path := fmt.Sprintf("%s.aside-%d", dir, i)
		switch _, err := os.Lstat(path); {
		case errors.Is(err, fs.ErrNotExist):
			return path, nil
		case err != nil:
			return "", err
		}
	}
}

// read finds out whose the directory is and whom it knows. Each record counts only when it is whole.
func (r *Reload) read() (err error) {
	db, err := store.OpenReadOnly(store.Options{Dir: r.Dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return errors.Join(r.readOwner(db), r.readMembers(db), r.readRoll(db))
}

func (r *Reload) readOwner(db meta) error {
	b, err := db.Meta(metaIdentity)
	if err != nil || b == nil {
		return err
	}
	id, err := decodeIdentity(b)
	if err != nil {
		return err
	}
	r.Owner = Owner{id.Cluster, id.Region, id.Node}
	id.ID = newNodeID()
	r.keep[metaIdentity] = id.encode()
	return nil
}

func (r *Reload) readMembers(db meta) error {
	b, err := db.Meta(metaMembers)
	if err != nil || b == nil {
		return err
	}
	members, err := decodeMembers(b)
	if err != nil {
		return err
	}
	for _, m := range members {
		r.Members = append(r.Members, m.Name())
	}
	r.keep[metaMembers] = b
	return nil
}

func (r *Reload) readRoll(db meta) error {
	b, err := db.Meta(metaRoll)
	if err != nil || b == nil {
		return err
	}
	if _, err = registry.Decode(b); err == nil {
		r.keep[metaRoll] = b
	}
	return err
}

// Do makes the fresh directory under the name that is free, and lets the two change places.
func (r *Reload) Do() error {
	if err := os.Mkdir(r.Aside, 0o700); err != nil {
		return fmt.Errorf("make a fresh directory: %w", err)
	}
	err := r.fill()
	if err == nil {
		err = r.giveAway()
	}
	if err == nil {
		err = store.Exchange(r.Dir, r.Aside)
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.EBUSY) {
		err = fmt.Errorf("%w: it is a mount point, which cannot be moved: move everything in it into a directory %s, and start the node", err, filepath.Join(r.Dir, "aside"))
	}
	return errors.Join(fmt.Errorf("nothing was moved: %w", err), os.RemoveAll(r.Aside))
}

// fill writes what the fresh directory knows.
func (r *Reload) fill() (err error) {
	db, err := store.Open(store.Options{Dir: r.Aside})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for name, value := range r.keep {
		if err := db.SetMeta(name, value); err != nil {
			return err
		}
	}
	return nil
}

// giveAway makes the fresh files those of the user whose the old directory is, when somebody else,
// who must be root, makes them.
func (r *Reload) giveAway() error {
	info, err := os.Stat(r.Dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Geteuid() {
		return nil
	}
	return filepath.WalkDir(r.Aside, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
}

// Close lets nodes have the directory again.
func (r *Reload) Close() error { return r.hold.Close() }
