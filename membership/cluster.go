package membership

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// DeadNodeReclaim is how long after its death a member's name may be taken from a new address.
const DeadNodeReclaim = 30 * time.Second

// Cluster is this node's view of the others.
type Cluster struct {
	cfg     Config
	box     *mailbox
	book    *addressBook
	started chan struct{}

	mu      sync.Mutex
	members map[string]Member // guarded by mu; by name
	leaving map[string]bool   // guarded by mu; members that said goodbye
	address string            // guarded by mu; own gossip address once started
}

// New checks the configuration. It opens and starts nothing.
func New(cfg Config) (*Cluster, error) {
	cfg.setDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("membership: %w", err)
	}
	c := &Cluster{
		cfg: cfg, box: newMailbox(), book: newAddressBook(),
		started: make(chan struct{}), members: map[string]Member{}, leaving: map[string]bool{},
	}
	self := cfg.Self
	self.Self, self.State = true, Alive
	c.members[self.Name()] = self
	for _, m := range cfg.Known {
		if _, ok := c.members[m.Name()]; ok || len(c.members) >= maxMembers {
			continue
		}
		m.State, m.Self = Unknown, false
		c.members[m.Name()] = m
		c.book.learn(m.GossipAddress, m.Region)
	}
	return c, nil
}

// Started is closed when Run listens.
func (c *Cluster) Started() <-chan struct{} { return c.started }

// Address returns the gossip address that others are told; empty before Started.
func (c *Cluster) Address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.address
}

// Members returns every member this node has heard of, itself included, sorted by name. Members that
// are dead or have left stay: only a decision removes a member, never gossip.
func (c *Cluster) Members() []Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Member, 0, len(c.members))
	for _, m := range c.members {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.Name(), b.Name()) })
	return out
}

// Run gossips until ctx ends, then says goodbye and returns nil. It returns an error when it cannot
// listen. It must be called once.
func (c *Cluster) Run(ctx context.Context) error {
	engine, wire, err := c.open()
	if err != nil {
		return fmt.Errorf("gossip on %s: %w", c.cfg.Listen, err)
	}
	close(c.started)
	var loops sync.WaitGroup
	loopCtx, stop := context.WithCancel(ctx)
	loops.Go(func() { c.rejoin(loopCtx, engine) })
	c.deliver(ctx)
	stop()
	wire.hangUp()
	loops.Wait()
	// The goodbye is a courtesy: when it cannot be said in time, probes find out.
	c.sayGoodbye(engine)
	if err := engine.Leave(c.cfg.LeaveTimeout); err != nil && c.cfg.Events.Log != nil {
		c.cfg.Events.Log("WARN", err.Error())
	}
	if err := engine.Shutdown(); err != nil {
		return fmt.Errorf("close gossip: %w", err)
	}
	return nil
}

// open starts the gossip engine and its listeners.
func (c *Cluster) open() (*memberlist.Memberlist, *transport, error) {
	listen, err := net.ResolveTCPAddr("tcp", c.cfg.Listen)
	if err != nil {
		return nil, nil, err
	}
	ip := "0.0.0.0"
	if listen.IP != nil {
		ip = listen.IP.String()
	}
	logger := newLogger(c.cfg.Events.Log)
	inner, err := bind(&memberlist.NetTransportConfig{BindAddrs: []string{ip}, BindPort: listen.Port, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	conf, err := c.engineConfig(ip, inner.GetAutoBindPort())
	if err != nil {
		return nil, nil, errorsJoinClose(err, inner.Shutdown)
	}
	conf.Logger = logger
	wire := newTransport(inner, c.cfg.Self.Region, c.cfg.Cuts, c.book)
	conf.Transport = wire
	engine, err := memberlist.Create(conf)
	if err != nil {
		return nil, nil, errorsJoinClose(err, wire.Shutdown)
	}
	c.mu.Lock()
	c.address = engine.LocalNode().Address()
	c.mu.Unlock()
	return engine, wire, nil
}

// bind opens the listeners. A port chosen by the kernel may be free for TCP and taken for UDP: then
// another one is tried.
func bind(conf *memberlist.NetTransportConfig) (t *memberlist.NetTransport, err error) {
	tries := 1
	if conf.BindPort == 0 {
		tries = 10
	}
	for range tries {
		if t, err = memberlist.NewNetTransport(conf); err == nil {
			return t, nil
		}
	}
	return nil, err
}

func (c *Cluster) engineConfig(ip string, port int) (*memberlist.Config, error) {
	d := &delegate{meta: c.cfg.Self.appendMetadata(nil), self: c.cfg.Self.Name(), box: c.box, book: c.book}
	conf := memberlist.DefaultWANConfig()
	conf.Name = d.self
	conf.Label = c.cfg.Cluster
	conf.SecretKey = c.cfg.Key
	conf.BindAddr, conf.BindPort, conf.AdvertisePort = ip, port, port
	conf.ProbeTimeout = 3 * time.Second
	conf.TCPTimeout = 10 * time.Second // as long as any handshake may take
	conf.DeadNodeReclaimTime = DeadNodeReclaim
	conf.EnableCompression = false // inflation is an attack surface, and the messages are small
	conf.RequireNodeNames = false
	conf.Delegate, conf.Events, conf.Alive, conf.Conflict = d, d, d, d
	if c.cfg.Advertise != "" {
		adv, err := net.ResolveTCPAddr("tcp", c.cfg.Advertise)
		if err != nil {
			return nil, fmt.Errorf("gossip.advertise: %w", err)
		}
		conf.AdvertiseAddr, conf.AdvertisePort = adv.IP.String(), adv.Port
		if adv.Port == 0 {
			conf.AdvertisePort = port
		}
	}
	if c.cfg.tune != nil {
		c.cfg.tune(conf)
	}
	return conf, nil
}

// deliver takes notices into the member list and reports them, until ctx ends.
func (c *Cluster) deliver(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.box.ready:
		}
		for _, n := range c.box.take() {
			c.handle(n)
		}
	}
}

func (c *Cluster) handle(n notice) {
	ev := &c.cfg.Events
	switch {
	case n.refused != nil:
		if ev.Refused != nil {
			ev.Refused(n.member.Region, n.member.GossipAddress, n.refused)
		}
	case n.conflict != "":
		if ev.Conflict != nil {
			ev.Conflict(n.member.Name(), n.member.GossipAddress, n.conflict)
		}
	default:
		if m, changed := c.keep(n); changed && ev.Changed != nil {
			ev.Changed(m)
		}
	}
}

// keep stores a member's new state and reports whether anything changed. A member that is gone after
// its goodbye has left; the two may come in either order.
func (c *Cluster) keep(n notice) (Member, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := n.member.Name()
	old, known := c.members[name]
	if !known && (n.goodbye || len(c.members) >= maxMembers) {
		return Member{}, false
	}
	m := n.member
	switch {
	case n.goodbye:
		m = old
		c.leaving[name] = true
	case m.State == Alive:
		delete(c.leaving, name)
	}
	if m.State == Dead && c.leaving[name] {
		m.State = Left
	}
	c.members[name] = m
	return m, m != old
}

// sayGoodbye tells every live member that this node leaves on purpose. It asks the engine who lives:
// a node that leaves early has not taken in every notice yet.
func (c *Cluster) sayGoodbye(engine *memberlist.Memberlist) {
	message := append([]byte{goodbyeMessage}, c.cfg.Self.Name()...)
	for _, m := range engine.Members() {
		if m.Name != c.cfg.Self.Name() {
			// One packet, unacknowledged: without it the others see a death, which is harmless.
			_ = engine.SendBestEffort(m, message)
		}
	}
}

func errorsJoinClose(err error, shut func() error) error {
	if e := shut(); e != nil {
		return fmt.Errorf("%w (and %w)", err, e)
	}
	return err
}

func joinHostPort(ip net.IP, port int) string {
	return net.JoinHostPort(ip.String(), strconv.Itoa(port))
}
