package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// slowly takes a second for each event.
func slowly(ctx context.Context, _ *funnel.Event) error {
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// numbered is the body of the nth delivery.
func numbered(n int) string { return fmt.Sprintf(`{"event":"e%d"}`, n) }

// types returns the types of the events in the order of their processing.
func (r *hookReceiver) types() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var types []string
	for _, event := range r.events {
		types = append(types, event.Type)
	}
	return strings.Join(types, " ")
}

func TestWebhookQueue_AcknowledgesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var value any
		receiver := &hookReceiver{handle: func(ctx context.Context, event *funnel.Event) error {
			value = ctx.Value(key{})
			return slowly(ctx, event)
		}}
		var queue funnel.WebhookQueue
		handler := receiver.handler(t, funnel.WithWebhookQueue(&queue))
		start := time.Now()
		for n := range 3 {
			ctx, end := context.WithCancel(context.WithValue(t.Context(), key{}, n))
			req := delivery(strings.NewReader(numbered(n)), "Signature", sign(hookSecret, numbered(n))).WithContext(ctx)
			require.Equal(t, http.StatusAccepted, deliver(handler, req).StatusCode)
			end() // as net/http does after the response
		}
		require.Zero(t, time.Since(start))
		require.Equal(t, http.StatusUnauthorized, deliver(handler, delivery(strings.NewReader("1"), "Signature", sign("guessed", "1"))).StatusCode)

		require.NoError(t, queue.Shutdown(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(start), "one after the other")
		require.Equal(t, "e0 e1 e2", receiver.types())
		require.Equal(t, 2, value, "the context has the request's values")
		require.Len(t, receiver.reports, 1, "the forged one")
	})
}

func TestWebhookQueue_Workers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := &hookReceiver{handle: slowly}
		queue := funnel.WebhookQueue{Workers: 3}
		handler := receiver.handler(t, funnel.WithWebhookQueue(&queue))
		start := time.Now()
		for n := range 7 {
			require.Equal(t, http.StatusAccepted, deliverSigned(handler, numbered(n)).StatusCode)
		}
		synctest.Wait()
		require.Len(t, receiver.events, 3)
		require.NoError(t, queue.Shutdown(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Len(t, receiver.events, 7)
	})
}

func TestWebhookQueue_FullIsUnavailable(t *testing.T) {
	for size, queue := range map[int]*funnel.WebhookQueue{100: {}, 1: {Size: 1}, 5: {Size: 5, Workers: 2}} {
		synctest.Test(t, func(t *testing.T) {
			receiver := &hookReceiver{handle: slowly}
			handler := receiver.handler(t, funnel.WithWebhookQueue(queue))
			for n := range size {
				require.Equal(t, http.StatusAccepted, deliverSigned(handler, numbered(n)).StatusCode)
			}
			resp := deliverSigned(handler, saleDelivery)
			require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
			require.Empty(t, resp.Header.Get("Connection"), "the sender is authentic")
			require.Len(t, receiver.reports, 1)
			require.Equal(t, http.StatusServiceUnavailable, receiver.reports[0].status)
			require.EqualError(t, receiver.reports[0].err, fmt.Sprintf("funnel: webhook delivery: the queue is full (%d deliveries): see WebhookQueue.Size and Workers", size))

			time.Sleep(time.Second) // the first one is done
			synctest.Wait()
			require.Equal(t, http.StatusAccepted, deliverSigned(handler, saleDelivery).StatusCode)
			require.NoError(t, queue.Shutdown(t.Context()))
			require.Len(t, receiver.events, size+1)
		})
	}
}

// What goes wrong after the response is reported with the response's status, and
// the next delivery is processed.
func TestWebhookQueue_ReportsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := &hookReceiver{handle: func(_ context.Context, event *funnel.Event) error {
			switch event.Type {
			case "e0":
				return errOutOfStock
			case "e1":
				panic("out of stock")
			case "e2":
				runtime.Goexit() // as a failed require does
			}
			return nil
		}}
		var queue funnel.WebhookQueue
		handler := receiver.handler(t, funnel.WithWebhookQueue(&queue))
		for n := range 4 {
			require.Equal(t, http.StatusAccepted, deliverSigned(handler, numbered(n)).StatusCode)
		}
		require.NoError(t, queue.Shutdown(t.Context()))
		require.Equal(t, "e0 e1 e2 e3", receiver.types())
		require.Len(t, receiver.reports, 3)
		require.Equal(t, hookReport{receiver.events[0], http.StatusAccepted, errOutOfStock}, receiver.reports[0])
		require.Equal(t, http.StatusAccepted, receiver.reports[1].status)
		require.ErrorContains(t, receiver.reports[1].err, "webhook handler panicked: out of stock")
		require.Equal(t, receiver.events[2], receiver.reports[2].event)
		require.ErrorContains(t, receiver.reports[2].err, "runtime.Goexit")
	})
}

func TestWebhookQueue_ShutdownRefusesDeliveries(t *testing.T) {
	t.Parallel()
	receiver := &hookReceiver{}
	var queue funnel.WebhookQueue
	handler := receiver.handler(t, funnel.WithWebhookQueue(&queue))
	require.NoError(t, queue.Shutdown(t.Context()))
	require.NoError(t, queue.Shutdown(t.Context()), "again")
	require.Equal(t, http.StatusServiceUnavailable, deliverSigned(handler, saleDelivery).StatusCode)
	receiver.requireRefused(t, http.StatusServiceUnavailable, "the queue is shut down")
}

func TestWebhookQueue_ShutdownGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := &hookReceiver{handle: slowly}
		queue := funnel.WebhookQueue{Workers: 2}
		handler := receiver.handler(t, funnel.WithWebhookQueue(&queue))
		for n := range 9 {
			require.Equal(t, http.StatusAccepted, deliverSigned(handler, numbered(n)).StatusCode)
		}
		tired := errors.New("tired of waiting")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, tired)
		defer cancel()
		err := queue.Shutdown(ctx)
		require.ErrorIs(t, err, tired)
		require.EqualError(t, err, "funnel: webhook queue: 7 deliveries were not completed: tired of waiting")
		synctest.Wait() // the two that were being processed see their contexts end
		require.Len(t, receiver.events, 4, "no other is processed")
		require.Len(t, receiver.reports, 7)
		var unfinished []string
		for _, report := range receiver.reports {
			require.Equal(t, http.StatusAccepted, report.status)
			require.ErrorIs(t, report.err, tired)
			unfinished = append(unfinished, report.event.Type)
		}
		require.ElementsMatch(t, strings.Fields("e2 e3 e4 e5 e6 e7 e8"), unfinished)
		require.NoError(t, queue.Shutdown(t.Context()), "nothing is left")
	})
}

// Two handlers share a queue, and each delivery reaches its own function.
func TestWebhookQueue_ServesSeveralHandlers(t *testing.T) {
	t.Parallel()
	var queue funnel.WebhookQueue
	first, second := &hookReceiver{}, &hookReceiver{}
	handlers := []http.Handler{first.handler(t, funnel.WithWebhookQueue(&queue)), second.handler(t, funnel.WithWebhookQueue(&queue))}
	for n := range 20 {
		require.Equal(t, http.StatusAccepted, deliverSigned(handlers[n%2], numbered(n)).StatusCode)
	}
	require.NoError(t, queue.Shutdown(t.Context()))
	require.Equal(t, "e0 e2 e4 e6 e8 e10 e12 e14 e16 e18", first.types())
	require.Equal(t, "e1 e3 e5 e7 e9 e11 e13 e15 e17 e19", second.types())
}
