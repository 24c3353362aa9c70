package devcluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Request is what another process asks of a running cluster.
type Request struct {
	// Verb is "status", "cut", "heal", "kill", "stop" or "start".
	Verb string `json:"verb"`
	// Regions are two for cut, none or two for heal, one for kill, stop and start.
	Regions []string `json:"regions,omitempty"`
	OneWay  bool     `json:"one_way,omitempty"`
}

// Response answers a Request; Status is the state afterwards.
type Response struct {
	Status Status   `json:"status"`
	Error  *Refusal `json:"error,omitempty"`
}

// Refusal is an error that crosses the socket.
type Refusal struct {
	// Code is INVALID for a request that makes no sense, FAILED for one that could not be carried out.
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *Refusal) Error() string { return r.Message }

// requestMax bounds a request, requestWait how long a peer may take to send it; callWait how long the one
// who asks waits. Starting a node may take ReadyWait.
const (
	requestMax  = 64 << 10
	requestWait = 5 * time.Second
	callWait    = ReadyWait + StopWait
)

// ErrNotRunning is returned by Call when no cluster answers at that base port.
var ErrNotRunning = errors.New("no dev cluster is running there")

// socketDir is the same for every terminal of a user, whatever its environment; nobody else can enter.
func socketDir() (string, error) {
	dir := fmt.Sprintf("/tmp/atoll-dev-%d", os.Getuid())
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("make the directory for control sockets: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("look at the directory for control sockets: %w", err)
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm() != 0o700 || known && int(owner.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s is not a directory of yours with mode 0700; remove it", dir)
	}
	return dir, nil
}

func socketPath(basePort int) (string, error) {
	dir, err := socketDir()
	return filepath.Join(dir, fmt.Sprintf("%d.sock", basePort)), err
}

// Running lists the base ports of the user's clusters that answer.
func Running() []string {
	dir, err := socketDir()
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var ports []string
	for _, e := range entries {
		port, isSocket := strings.CutSuffix(e.Name(), ".sock")
		if conn, err := net.Dial("unix", filepath.Join(dir, e.Name())); isSocket && err == nil {
			_ = conn.Close() // it was only tried
			ports = append(ports, port)
		}
	}
	return ports
}

// listenControl takes the socket of a base port. A socket that nobody answers on was left by a cluster
// that was killed.
func listenControl(basePort int) (net.Listener, error) {
	path, err := socketPath(basePort)
	if err != nil {
		return nil, err
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close() // it was only tried
		return nil, fmt.Errorf("a dev cluster with base port %d is running already", basePort)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove an old control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for commands: %w", err)
	}
	return l, nil
}

// Call asks the cluster at basePort. The error wraps ErrNotRunning, is a *Refusal, or comes from the
// connection.
func Call(ctx context.Context, basePort int, request Request) (Status, error) {
	path, err := socketPath(basePort)
	if err != nil {
		return Status{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return Status{}, fmt.Errorf("base port %d: %w", basePort, ErrNotRunning)
	}
	defer func() { _ = conn.Close() }() // the answer has been read
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		return Status{}, fmt.Errorf("ask the dev cluster: %w", err)
	}
	var response Response
	if err := json.NewDecoder(conn).Decode(&response); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return Status{}, fmt.Errorf("hear from the dev cluster: %w", err)
	}
	if response.Error != nil {
		return response.Status, response.Error
	}
	return response.Status, nil
}

// serveConn answers one request.
func (c *Cluster) serveConn(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }() // the answer is written or cannot be
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if conn.SetReadDeadline(time.Now().Add(requestWait)) != nil {
		return
	}
	text, err := bufio.NewReaderSize(conn, requestMax).ReadSlice('\n')
	var request Request
	var response Response
	if err == nil {
		err = json.Unmarshal(text, &request)
	}
	if err == nil {
		err = c.carryOut(ctx, request)
	} else {
		err = &Refusal{"INVALID", "the request is not understood"}
	}
	response.Status = c.Status(ctx)
	if err != nil {
		response.Error = &Refusal{"FAILED", err.Error()}
		_ = errors.As(err, &response.Error)
	}
	_ = json.NewEncoder(conn).Encode(response) // who asked may have left
}
