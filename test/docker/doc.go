// Package docker proves three regions in containers: does what we ship run, and survive?
//
// One scenario, two clusters to play it on. [compose] is the real docker-compose.yml on
// the Docker engine: regions are cut off by "docker network disconnect" and killed by
// "docker kill". [processes] is "atoll dev" on loopback, for machines without an engine;
// the test says loudly when it has to fall back on it.
//
// The package has no code outside its tests.
package docker
