package quota_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALongJobUsesTheQuotaAndIsNeverRejected(t *testing.T) {
	for _, goroutines := range []int{50, 500} {
		for _, headers := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d goroutines, headers %t", goroutines, headers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &server{limit: 600, per: time.Minute, headers: headers}
					p := newProgram(1)
					var wg sync.WaitGroup
					start := time.Now()
					p.run(t, s, &wg, 5000, goroutines)
					wg.Wait()
					t.Logf("took %s", time.Since(start))
					require.Zero(t, s.rejected)
					require.Zero(t, p.failed)
					require.LessOrEqual(t, s.most(), 600)
					require.LessOrEqual(t, time.Since(start), 488*time.Second)
				})
			})
		}
	}
}

func TestTwoProgramsShareAKey(t *testing.T) {
	for _, test := range []struct {
		headers  bool
		rejected int
	}{
		{headers: true, rejected: 60},
		{headers: false, rejected: 300},
	} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("headers %t, seed %d", test.headers, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &server{limit: 600, per: time.Minute, headers: test.headers}
					a, b := newProgram(2*seed+1), newProgram(2*seed+2)
					var wg sync.WaitGroup
					start := time.Now()
					a.run(t, s, &wg, 2500, 25)
					b.run(t, s, &wg, 2500, 25)
					wg.Wait()
					t.Logf("took %s, %d rejected", time.Since(start), s.rejected)
					require.Zero(t, a.failed+b.failed)
					require.LessOrEqual(t, s.rejected, test.rejected)
					require.LessOrEqual(t, time.Since(start), 520*time.Second)
				})
			})
		}
	}
}
