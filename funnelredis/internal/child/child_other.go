//go:build !linux

package child

import "os/exec"

// Command is [exec.Command]: only Linux ends a program when the one that has
// started it is killed.
func Command(name string, args ...string) *exec.Cmd { return exec.Command(name, args...) }
