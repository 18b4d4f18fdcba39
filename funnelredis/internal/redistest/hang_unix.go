//go:build unix

package redistest

import "syscall"

// Hang stops it from doing anything until Continue. Its connections stay open.
func (s *Server) Hang() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Continue ends Hang.
func (s *Server) Continue() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }
