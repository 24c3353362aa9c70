package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/node"
)

// version is set by the build; without it the version control's revision counts.
var version string

func main() {
	// Before anything is made: files 0600, directories 0700.
	unix.Umask(0o077)
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is main with everything it touches as a parameter.
func run(args, environ []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(stderr, "atolld: invariant failed: %v\n%s", v, debug.Stack())
			code = exitDefect
		}
	}()
	c := newCommand(environ, stdout, stderr)
	c.SetArgs(args)
	err := c.Execute()
	if err != nil {
		printError(stderr, err)
	}
	return exitCode(err)
}

// printError prints one line a problem.
func printError(w io.Writer, err error) {
	var config *node.ConfigError
	if errors.As(err, &config) {
		for _, p := range config.Problems {
			fmt.Fprintf(w, "atolld: %s\n", p)
		}
		return
	}
	fmt.Fprintf(w, "atolld: %v\n", err)
}

// serve runs a node until a signal ends it.
func serve(cfg node.Config, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// After the first signal the next one has its usual effect: it ends a drain that hangs.
	defer context.AfterFunc(ctx, stop)()
	n, err := node.Open(cfg, node.Options{Wall: clock.NewSystem(), Logger: newLogger(cfg, stderr), Version: versionName()})
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

func newLogger(cfg node.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo // the configuration was checked
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func versionName() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	return "dev"
}
