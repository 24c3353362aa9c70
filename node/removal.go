package node

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/membership/registry"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/server"
)

const (
	// tellWithin bounds one question to one member.
	tellWithin = 3 * time.Second
	// drainWithin bounds how long a removal waits for what a member that answers still has.
	drainWithin = 10 * time.Second
	drainLook   = 20 * time.Millisecond
)

// remover adds and removes members by command.
type remover struct {
	roll *roll
	// tell hands a member the registry and brings back its own, and its heads.
	tell func(ctx context.Context, name string, encoded []byte) (*registry.Registry, []registry.Head, error)
	// unnamed lists configured peers whose name is not known.
	unnamed func() []string
	has     func() clock.VersionVector
	now     func() clock.Timestamp
	// parked names the members whose updates this node holds back because of their stamps.
	parked func() []string

	one sync.Mutex // one removal at a time
}

// add lets a member take part. Before, it hears from the others which origins of it ended at its removal.
func (m *remover) add(ctx context.Context, name, address string) (registry.Member, error) {
	if err := m.hear(ctx, name); err != nil {
		return registry.Member{}, err
	}
	err := m.roll.update(ctx, func(book *registry.Registry) (bool, error) {
		before := book.Append(nil)
		err := book.Add(name, address, m.roll.self, book.After(m.now(), name))
		return !slices.Equal(before, book.Append(nil)), err
	})
	if err != nil {
		return registry.Member{}, explainRegistry(err)
	}
	m.tellAll(ctx, m.others(m.roll.get()))
	out, _ := m.roll.get().Get(name)
	return out, nil
}

// hear takes over what the others know of members, when the one named was removed. Who does not answer
// is left out: see docs/decisions/0016.
func (m *remover) hear(ctx context.Context, name string) error {
	if !m.roll.removed(name) {
		return nil
	}
	for _, a := range m.ask(ctx, append(m.others(m.roll.get()), m.roll.self)) {
		if a.err != nil {
			continue
		}
		err := m.roll.update(ctx, func(book *registry.Registry) (bool, error) { return book.Join(a.theirs), nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// remove seals and removes members; it goes on where an earlier attempt stopped.
func (m *remover) remove(ctx context.Context, what []string, force bool) ([]registry.Member, error) {
	m.one.Lock()
	defer m.one.Unlock()
	names, err := m.resolve(what)
	if err != nil {
		return nil, err
	}
	todo := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return m.settled(n, force) })
	if len(todo) > 0 {
		err := m.follow(ctx, todo, func(book *registry.Registry) (*registry.Course, error) {
			return registry.NewCourse(book, todo, m.roll.self, force, m.now())
		})
		if err != nil {
			return nil, err
		}
		m.tellAll(ctx, append(m.others(m.roll.get()), todo...))
	}
	var out []registry.Member
	for _, n := range names {
		x, _ := m.roll.get().Get(n)
		out = append(out, x)
	}
	return out, nil
}

// settled tells that a member is removed and stays so. By force it is sealed anew when nobody may be left
// who has what its seals promise: then they come down to what is there.
func (m *remover) settled(name string, force bool) bool {
	x, _ := m.roll.get().Get(name)
	return x.State == registry.Removed && !(force && owed(x, m.has()) > 0)
}

// resolve returns the members that arguments name: one by region/node, or all of a region.
func (m *remover) resolve(what []string) ([]string, error) {
	var out, known []string
	for _, w := range what {
		found := false
		for _, x := range m.roll.get().All() {
			known = append(known, x.Name)
			if x.Name == w || x.Region() == w {
				out, found = append(out, x.Name), true
			}
		}
		if !found {
			slices.Sort(known)
			return nil, server.Errorf(server.CodeInvalid, "no member %.64q; there are %s", w, strings.Join(slices.Compact(known), ", "))
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if slices.Contains(out, m.roll.self) {
		return nil, server.Errorf(server.CodeInvalid, "%s cannot remove itself; ask another member", m.roll.self)
	}
	return out, nil
}

func (m *remover) others(book *registry.Registry) []string { return book.Others(m.roll.self, nil) }

// follow drives a course that begin begins to its end, or as far as it comes.
func (m *remover) follow(ctx context.Context, names []string, begin func(*registry.Registry) (*registry.Course, error)) error {
	if unnamed := m.unnamed(); len(unnamed) > 0 {
		return server.Errorf(server.CodeMembers, "the configured peers %s were never reached: what they have applied is not known", strings.Join(unnamed, ", "))
	}
	var c *registry.Course
	err := m.roll.update(ctx, func(book *registry.Registry) (_ bool, err error) {
		c, err = begin(book)
		return true, err
	})
	if err != nil {
		return explainRegistry(err)
	}
	for err == nil && !c.Done() {
		err = m.step(ctx, c, names)
	}
	if err != nil && !c.Frozen() {
		return errors.Join(err, m.callOff(c))
	}
	return err
}

// step asks everybody that the course names, and goes on when nobody is left.
func (m *remover) step(ctx context.Context, c *registry.Course, names []string) error {
	if todo := c.Ask(m.roll.get()); len(todo) > 0 {
		for _, a := range m.ask(ctx, todo) {
			err := m.roll.update(ctx, func(book *registry.Registry) (bool, error) {
				return true, c.Heard(book, a.name, a.theirs, a.heads, a.err)
			})
			if err != nil {
				return halted(c, a.name, names, err)
			}
		}
		return nil
	}
	if err := m.drain(ctx, c, names); err != nil {
		return err
	}
	err := m.roll.update(ctx, func(book *registry.Registry) (bool, error) { return true, c.Step(book, m.now()) })
	if err != nil && c.Frozen() {
		return begun(m.roll.self, names, err)
	}
	return explainRegistry(err)
}

// halted says why a removal does not go on.
func halted(c *registry.Course, who string, names []string, err error) error {
	if c.Frozen() {
		return begun(who, names, err)
	}
	return server.Errorf(server.CodeMembers, "%s must agree and does not answer (%v); nothing was changed", who, err)
}

// callOff lets members take part again that were about to leave.
func (m *remover) callOff(c *registry.Course) error {
	ctx, cancel := context.WithTimeout(context.Background(), tellWithin)
	defer cancel()
	err := m.roll.update(ctx, func(book *registry.Registry) (bool, error) { return true, c.CallOff(book, m.now()) })
	m.tellAll(ctx, m.others(m.roll.get()))
	return err
}

// drain waits until what members that answer have acknowledged has arrived here.
func (m *remover) drain(ctx context.Context, c *registry.Course, names []string) error {
	for waited := time.Duration(0); c.Owed(m.has()) > 0; waited += drainLook {
		if waited >= drainWithin {
			return server.Errorf(server.CodeMembers, "%s answers and has %d updates that have not arrived here after %v; they would be kept aside. Nothing was changed",
				strings.Join(names, ", "), c.Owed(m.has()), drainWithin)
		}
		if !pauseFor(ctx, drainLook) {
			return ctx.Err()
		}
	}
	return nil
}

func pauseFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// begun reports a removal that stopped half way: safe, and to be finished.
func begun(who string, names []string, err error) error {
	list := strings.Join(names, " ")
	return server.Errorf(server.CodeMembers, "%s did not agree (%v); %s is frozen until this is finished: when it answers, run the command again, here or at another member (or: atoll member remove %s)", who, err, list, list)
}

// answer is what one member said.
type answer struct {
	name   string
	theirs *registry.Registry
	heads  []registry.Head
	err    error
}

// ask tells members what this node knows, all at once, and returns their answers in order. This
// node answers itself.
func (m *remover) ask(ctx context.Context, names []string) []answer {
	encoded := m.roll.bytes()
	out := make([]answer, len(names))
	var wg sync.WaitGroup
	for i, n := range names {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, tellWithin)
			defer cancel()
			out[i].name = n
			if n == m.roll.self {
				if out[i].err = m.roll.shut(ctx); out[i].err != nil {
					return
				}
				out[i].theirs = m.roll.get()
				out[i].heads, out[i].err = m.roll.heads(ctx)
				return
			}
			out[i].theirs, out[i].heads, out[i].err = m.tell(ctx, n, encoded)
		})
	}
	wg.Wait()
	return out
}

// tellAll spreads the registry at once; streams bring it to whoever does not answer.
func (m *remover) tellAll(ctx context.Context, names []string) { m.ask(ctx, names) }

// explainRegistry makes what the registry refuses an error for operators.
func explainRegistry(err error) error {
	for _, known := range []error{registry.ErrUnknown, registry.ErrState, registry.ErrSuperseded, registry.ErrFull, registry.ErrDiverged} {
		if errors.Is(err, known) {
			return server.Errorf(server.CodeMembers, "%v", err)
		}
	}
	return err
}

// Told implements grpctransport.MemberTalk.
func (n *Node) Told(ctx context.Context, peer replication.Identity, encoded []byte) ([]byte, []registry.Head, error) {
	if err := n.local.Accept(peer); err != nil {
		return nil, nil, err
	}
	if n.cuts.Blocked(peer.Region) || n.cuts.Deaf(peer.Region) {
		return nil, nil, replication.ErrCut
	}
	if err := n.roll.refuse(peer.Node); err != nil {
		return nil, nil, err
	}
	if err := n.roll.learn(ctx, peer.Node, encoded); err != nil {
		return nil, nil, err
	}
	if err := n.roll.shut(ctx); err != nil {
		return nil, nil, err
	}
	heads, err := n.roll.heads(ctx)
	if err != nil {
		return nil, nil, err
	}
	return n.roll.bytes(), heads, nil
}
