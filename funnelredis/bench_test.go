package funnelredis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

// The API's quota needs ten of these a second.
func BenchmarkAcquireAndRelease(b *testing.B) {
	limiter, err := New(connect(b, redistest.Real(b)), testKey)
	require.NoError(b, err)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			release, err := limiter.Acquire(b.Context())
			if err != nil {
				b.Error(err)
				return
			}
			release(funnel.Outcome{})
		}
	})
	require.NoError(b, limiter.Flush(b.Context()))
}
