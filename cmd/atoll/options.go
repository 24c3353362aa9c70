package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/atollkv/atoll/internal/namespace"
)

// options are the flags in front of the command.
type options struct {
	addr string
	// namespace is the name of the one that commands are of.
	namespace string
	output    string // human or json
	color     string // auto, always or never
	timeout   time.Duration
	help      bool
	version   bool
}

// option describes one flag: for parsing, help, completion and the environment.
type option struct {
	name, short, value, help, env string
	set                           func(o *options, value string) *failure
}

var globalOptions = []option{
	{name: "addr", value: "HOST:PORT[,…]", env: "ATOLL_ADDR", help: "node to talk to, or several to try in order (default 127.0.0.1:7000)", set: setAddr},
	{name: "namespace", short: "n", value: "NAME", env: "ATOLL_NAMESPACE", help: "namespace of keys: a number from 0 to 15 or a name (default \"default\")", set: setNamespace},
	{name: "output", short: "o", value: "human|json", env: "ATOLL_OUTPUT", help: "form of replies (default human)", set: setOutput},
	{name: "timeout", value: "DURATION", env: "ATOLL_TIMEOUT", help: "time for one command (default 5s)", set: setTimeout},
	{name: "color", value: "auto|always|never", env: "ATOLL_COLOR", help: "colours on a terminal (default auto; NO_COLOR is honoured)", set: setColor},
	{name: "help", short: "h", help: "explain the commands", set: func(o *options, _ string) *failure { o.help = true; return nil }},
	{name: "version", help: "print the version", set: func(o *options, _ string) *failure { o.version = true; return nil }},
}

func defaultOptions() *options {
	return &options{addr: "127.0.0.1:7000", namespace: namespace.DefaultText, output: "human", color: "auto", timeout: 5 * time.Second}
}

// readEnviron overlays the environment; flags come later and win.
func (o *options) readEnviron(getenv func(string) string) *failure {
	for _, opt := range globalOptions {
		value := ""
		if opt.env != "" {
			value = getenv(opt.env)
		}
		if value == "" {
			continue
		}
		if f := opt.set(o, value); f != nil {
			f.Message = strings.Replace(f.Message, "--"+opt.name, opt.env, 1)
			return f
		}
	}
	return nil
}

// readFlags reads flags up to the first word that is none, and returns the rest.
func (o *options) readFlags(args []string) ([]string, *failure) {
	for len(args) > 0 {
		if args[0] == "--" {
			return args[1:], nil
		}
		if !strings.HasPrefix(args[0], "-") || args[0] == "-" {
			return args, nil
		}
		rest, f := o.readFlag(args)
		if f != nil {
			return nil, f
		}
		args = rest
	}
	return nil, nil
}

func (o *options) readFlag(args []string) ([]string, *failure) {
	name, value, joined := strings.Cut(args[0], "=")
	i := slices.IndexFunc(globalOptions, func(opt option) bool {
		return name == "--"+opt.name || opt.short != "" && name == "-"+opt.short
	})
	if i < 0 {
		var known []string
		for _, opt := range globalOptions {
			known = append(known, "--"+opt.name)
		}
		return nil, usagef("unknown flag %s%s", clip(name), didYouMean(name, known)).hint("try: atoll --help")
	}
	opt := globalOptions[i]
	args = args[1:]
	switch {
	case opt.value == "" && joined:
		return nil, usagef("--%s takes no value", opt.name)
	case opt.value != "" && !joined:
		if len(args) == 0 {
			return nil, usagef("--%s needs a value: --%s %s", opt.name, opt.name, opt.value)
		}
		value, args = args[0], args[1:]
	}
	return args, opt.set(o, value)
}

// trailing reads global flags that stand behind a command which takes flags at all (never behind a
// command whose arguments are data). It returns the words that are not global flags.
func (o *options) trailing(args []string) ([]string, *failure) {
	var rest []string
	for len(args) > 0 {
		name, _, _ := strings.Cut(args[0], "=")
		known := slices.ContainsFunc(globalOptions, func(opt option) bool {
			return name == "--"+opt.name || opt.short != "" && name == "-"+opt.short
		})
		if !known {
			rest, args = append(rest, args[0]), args[1:]
			continue
		}
		var f *failure
		if args, f = o.readFlag(args); f != nil {
			return nil, f
		}
	}
	return rest, nil
}

func setAddr(o *options, value string) *failure {
	for _, a := range strings.Split(strings.TrimPrefix(value, "atoll://"), ",") {
		host, port, err := net.SplitHostPort(a)
		if err != nil || host == "" || port == "" {
			return usagef("--addr: %q is not HOST:PORT", clip(a)).hint("use 127.0.0.1:7000")
		}
	}
	o.addr = value
	return nil
}

func (o *options) endpoints() []string {
	return strings.Split(strings.TrimPrefix(o.addr, "atoll://"), ",")
}

func setOutput(o *options, value string) *failure {
	return choose(&o.output, "output", value, "human", "json")
}

func setColor(o *options, value string) *failure {
	return choose(&o.color, "color", value, "auto", "always", "never")
}

func choose(to *string, name, value string, choices ...string) *failure {
	if !slices.Contains(choices, value) {
		return usagef("--%s: %q is none of %s%s", name, clip(value), strings.Join(choices, ", "), didYouMean(value, choices))
	}
	*to = value
	return nil
}

func setTimeout(o *options, value string) *failure {
	d, f := parseDuration("timeout", value)
	if f == nil && d <= 0 {
		f = usagef("--timeout: %q is no time to wait; use 5s", value)
	}
	o.timeout = d
	return f
}

// parseDuration wants a unit: a bare number means different things to different people.
func parseDuration(name, value string) (time.Duration, *failure) {
	d, err := time.ParseDuration(value)
	if err == nil && (value != "0" || d != 0) && d >= 0 {
		return d, nil
	}
	if value != "" && strings.Trim(value, "0123456789.") == "" {
		if value == "0" {
			return 0, nil
		}
		return 0, usagef("--%s: %q has no unit; use %ss", name, clip(value), clip(value))
	}
	return 0, usagef("--%s: %q is not a duration; use 500ms, 5s or 1m", name, clip(value))
}

// colored tells whether to colour what goes to out.
func (o *options) colored(terminal bool) bool {
	switch o.color {
	case "always":
		return true
	case "never":
		return false
	}
	return terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func flagLine(opt option) string {
	name := "--" + opt.name
	if opt.short != "" {
		name = "-" + opt.short + ", " + name
	}
	if opt.value != "" {
		name += " " + opt.value
	}
	line := fmt.Sprintf("  %-28s %s", name, opt.help)
	if opt.env != "" {
		line += fmt.Sprintf(" [%s]", opt.env)
	}
	return line
}
