// Package node joins everything into one running node. Read wire.go first: it is the list of parts
// and of who knows whom.
//
//	cfg, err := node.LoadConfig(node.Inputs{File: "atoll.yaml", Environ: os.Environ()})
//	n, err := node.Open(cfg, node.Options{Wall: clock.NewSystem(), Logger: logger})
//	err = n.Run(ctx)
//
// Open takes the data directory and the addresses, or refuses. Run serves until its context ends,
// then drains: nothing acknowledged is lost, and peers learn what they lack if they are near.
//
// Everything that packages report by their Events becomes a log line or a metric here, and nowhere
// else. No key and no value is ever part of either.
package node
