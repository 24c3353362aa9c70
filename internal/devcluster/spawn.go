package devcluster

import (
	"os/exec"
	"runtime"
)

// spawner starts processes from one thread that lives as long as it. The kernel ties "end with your
// parent" to the thread that started a process, not to the whole parent, and Go's other threads may end.
type spawner struct{ requests chan spawnRequest }

type spawnRequest struct {
	cmd  *exec.Cmd
	done chan error
}

func newSpawner() *spawner { return &spawner{requests: make(chan spawnRequest)} }

// run serves requests until quit is closed.
func (s *spawner) run(quit <-chan struct{}) {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	for {
		select {
		case <-quit:
			return
		case r := <-s.requests:
			r.cmd.SysProcAttr = ownGroup()
			r.done <- r.cmd.Start()
		}
	}
}

func (s *spawner) start(cmd *exec.Cmd) error {
	r := spawnRequest{cmd, make(chan error, 1)}
	s.requests <- r
	return <-r.done
}
