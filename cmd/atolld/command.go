package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/atollkv/atoll/node"
)

// flagValue collects one setting; the table in package node knows what it means.
type flagValue struct {
	setting node.Setting
	to      *[]node.FlagValue
}

// Set implements pflag.Value. Values are checked together with all others.
func (f flagValue) Set(s string) error {
	*f.to = append(*f.to, node.FlagValue{Key: f.setting.Key, Value: s})
	return nil
}

// String implements pflag.Value: the default, for help.
func (f flagValue) String() string { return f.setting.Default }

// Type implements pflag.Value: the word for the value in help.
func (f flagValue) Type() string {
	switch {
	case f.setting.Switch:
		return "bool"
	case f.setting.List:
		return "list"
	default:
		return "value"
	}
}

// program is what the commands share.
type program struct {
	environ        []string
	stdout, stderr io.Writer
	file           string
	flags          []node.FlagValue
}

// load reads the configuration from everywhere.
func (p *program) load() (node.Config, error) {
	file := p.file
	for _, pair := range p.environ {
		if value, ok := strings.CutPrefix(pair, node.EnvConfig+"="); ok && file == "" {
			file = value
		}
	}
	return node.LoadConfig(node.Inputs{File: file, Environ: p.environ, Flags: p.flags})
}

func newCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	p := &program{environ: environ, stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:   "atolld",
		Short: "Run one Atoll node",
		Long: `Run one Atoll node: a replica that takes reads and writes for its region.

Each setting is a flag, an ATOLL_* variable (--log-max-bytes is ATOLL_LOG_MAX_BYTES) or a key of the
YAML file (log: max_bytes:). Flags win over variables, they over the file, it over the defaults.
"atolld config show --source" tells what is in force and why.`,
		Example:           "  atolld --region eu --data-dir /var/lib/atoll\n  atolld --config atoll.yaml --log-level debug",
		Args:              noArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE: func(*cobra.Command, []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			return serve(cfg, stderr)
		},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see atolld --help", err)}
	})
	flags := root.PersistentFlags()
	flags.SortFlags, root.Flags().SortFlags = false, false
	flags.StringVar(&p.file, "config", "", "YAML file with settings ("+node.EnvConfig+")")
	for _, s := range node.Settings() {
		flags.Var(flagValue{s, &p.flags}, s.Flag, fmt.Sprintf("%s (%s)", s.Help, s.Env))
		if s.Switch {
			flags.Lookup(s.Flag).NoOptDefVal = "true"
		}
	}
	root.AddCommand(p.configCommand(), p.versionCommand())
	return root
}

// noArgs refuses stray words, which are usually a flag without its dashes.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown argument %q; see %s --help", args[0], c.CommandPath())}
	}
	return nil
}

func (p *program) configCommand() *cobra.Command {
	config := &cobra.Command{
		Use: "config", Short: "Check or show the configuration", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return usageError{fmt.Errorf("need check or show; see atolld config --help")}
		},
	}
	check := &cobra.Command{
		Use: "check", Short: "Report every problem at once; exit 78 when there is one", Args: noArgs,
		Example: "  atolld config check --config atoll.yaml",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			for _, w := range cfg.Warnings() {
				fmt.Fprintf(p.stderr, "warning: %s\n", w)
			}
			_, err = fmt.Fprintln(p.stdout, "configuration is good")
			return err
		},
	}
	var source bool
	show := &cobra.Command{
		Use: "show", Short: "Print the configuration in force", Args: noArgs,
		Example: "  atolld config show --source --config atoll.yaml",
		RunE: func(*cobra.Command, []string) error {
			cfg, problems := p.load()
			if err := cfg.Show(p.stdout, source); err != nil {
				return err
			}
			return problems
		},
	}
	show.Flags().BoolVar(&source, "source", false, "say where each value comes from")
	config.AddCommand(check, show)
	return config
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.stdout, "atolld %s\n", versionName())
			return err
		},
	}
}
