package funneltest

import (
	"context"
	"time"
)

// travel asks how long the next request takes there and back.
func (s *Server) travel() (there, back time.Duration) {
	if s.cfg.latency == nil {
		return 0, 0
	}
	s.latency.Lock()
	defer s.latency.Unlock()
	return s.cfg.latency()
}

// pause waits, or returns why the context has ended.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
