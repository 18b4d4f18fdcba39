package child

import (
	"os/exec"
	"syscall"
)

// Command is [exec.Command], but the program also ends when this one does, even
// if it is killed.
func Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return cmd
}
