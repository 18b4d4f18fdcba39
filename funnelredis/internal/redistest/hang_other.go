//go:build !unix

package redistest

// Hang skips the test: only Unix can stop a process.
func (s *Server) Hang() { s.t.Skip("a process cannot be stopped here") }

// Continue has nothing to do.
func (s *Server) Continue() {}
