package node

import (
	"slices"
	"strings"
)

const envPrefix = "ATOLL_"

// foreignEnv are variables with our prefix that other programs of the project read. They mean
// nothing to a node, which inherits them from a shell or from `atoll dev`.
var foreignEnv = []string{
	"ATOLL_ADDR", "ATOLL_OUTPUT", "ATOLL_COLOR", "ATOLL_TIMEOUT", "ATOLL_HISTORY", // atoll
	"ATOLL_ATOLLD", // atoll dev: path of the node's binary
	EnvConfig,      // atolld: path of the configuration file
}

// EnvConfig names the configuration file when --config does not.
const EnvConfig = "ATOLL_CONFIG"

// readEnviron overlays ATOLL_* variables. An unknown one is a problem: a misspelt setting must not be
// ignored.
func (c *Config) readEnviron(environ []string, ps *problems) {
	byName := map[string]setting{}
	var known []string
	for _, s := range settings {
		byName[s.env()] = s
		known = append(known, s.env())
	}
	environ = slices.Clone(environ)
	slices.Sort(environ)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(foreignEnv, name) {
			continue
		}
		s, ok := byName[name]
		if !ok {
			ps.add("environment: unknown variable %s%s", clip(name), didYouMean(name, known))
			continue
		}
		if err := s.field(c).set(value); err != nil {
			ps.add("%s: %v", name, err)
			c.sources[s.key] = sourceInvalid
			continue
		}
		c.sources[s.key] = "env " + name
	}
}
