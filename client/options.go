package client

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Option changes how a Client works.
type Option func(*options)

type options struct {
	timeout     time.Duration
	dialTimeout time.Duration
	dialRounds  int
	backoffMin  time.Duration
	backoffMax  time.Duration
	credentials credentials.TransportCredentials
	dialer      func(context.Context, string) (net.Conn, error)
	userAgent   string
	operator    bool
	sendAgain   time.Duration // how long an increment may be sent again: nodes know it for five minutes
}

func defaultOptions() options {
	return options{
		timeout:     10 * time.Second,
		dialTimeout: 3 * time.Second,
		dialRounds:  3,
		backoffMin:  50 * time.Millisecond,
		backoffMax:  2 * time.Second,
		credentials: insecure.NewCredentials(),
		dialer:      dialTCP,
		userAgent:   "atoll-go",
		sendAgain:   4 * time.Minute,
	}
}

func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// WithTimeout bounds calls whose context has no deadline; default 10 s. Zero means no
// bound.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// WithDialTimeout bounds one attempt to connect to one endpoint; default 3 s.
func WithDialTimeout(d time.Duration) Option { return func(o *options) { o.dialTimeout = d } }

// WithDialRounds says how often Dial tries all endpoints before it gives up; default 3.
// Later reconnects are tried without end.
func WithDialRounds(n int) Option { return func(o *options) { o.dialRounds = max(n, 1) } }

// WithBackoff sets the shortest and the longest pause between rounds of connecting;
// default 50 ms and 2 s. The pause doubles, and a random part of it is left out.
func WithBackoff(shortest, longest time.Duration) Option {
	return func(o *options) { o.backoffMin, o.backoffMax = shortest, max(shortest, longest) }
}

// WithDialer replaces how connections are opened. address is an endpoint of the target.
func WithDialer(dial func(ctx context.Context, address string) (net.Conn, error)) Option {
	return func(o *options) { o.dialer = dial }
}

// ForOperators asks for one of the few connections that a node keeps for peers and operators when
// clients have taken all others. It is for tools that people use.
func ForOperators() Option { return func(o *options) { o.operator = true } }

// WithUserAgent names the program to the server; default atoll-go.
func WithUserAgent(name string) Option { return func(o *options) { o.userAgent = name } }
