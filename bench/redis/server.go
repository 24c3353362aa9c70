package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// server is a running redis-server or node.
type server struct {
	name, address string
	cmd           *exec.Cmd
}

func startRedis(dir string, settings []string) (*server, error) {
	address, port, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", dir}, settings...)
	return start("redis-server", address, exec.Command("redis-server", args...))
}

func startNode(program, dir, fsync string) (*server, error) {
	address, _, err := freeAddress()
	if err != nil {
		return nil, err
	}
	grpc, _, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return start("atolld", address, exec.Command(program, "--region", "us", "--data-dir", dir, "--listen", grpc,
		"--resp-listen", address, "--http-listen", "", "--gossip-listen", "", "--bootstrap", "--fsync", fsync))
}

func freeAddress() (address, port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	address = l.Addr().String()
	_, port, _ = net.SplitHostPort(address)
	return address, port, l.Close()
}

// start returns when the server answers.
func start(name, address string, cmd *exec.Cmd) (*server, error) {
	s := &server{name: name, address: address, cmd: cmd}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if reply, err := s.ask("SET ready 1"); err == nil && reply == "+OK" {
			return s, nil
		} else if time.Now().After(end) {
			s.stop()
			return nil, fmt.Errorf("%s does not answer: %q, %w", name, reply, err)
		}
	}
}

// ask sends a command and returns the first line of the reply.
func (s *server) ask(command string) (string, error) {
	c, err := net.DialTimeout("tcp", s.address, time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line), err
}

// offers tells whether the server has a command.
func (s *server) offers(command string) bool {
	reply, err := s.ask(command)
	return err == nil && strings.Contains(reply, "wrong number of arguments")
}

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// ticksPerSecond is the unit of /proc/PID/stat, see proc(5): 100 on every Linux there is.
const ticksPerSecond = 100

// cpuSeconds is the processor time that the server has used.
func (s *server) cpuSeconds() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(b))
}

// parseStat adds utime and stime, fields 14 and 15; the second field may hold spaces.
func parseStat(stat string) (float64, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat: %q", stat)
	}
	sum := 0.0
	for _, f := range fields[11:13] {
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += float64(n) / ticksPerSecond
	}
	return sum, nil
}
