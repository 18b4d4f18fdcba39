package funnelotel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/funnel-go/funnel"
)

const (
	attrEvent      = "funnel.limiter.event"
	attrPriority   = "funnel.call.priority"
	attrStoreState = "funnel.limiter.store.state"
)

// RegisterMetrics exports the state of a client's rate limiter: gauges with the
// slots that are used, the calls that wait, the pause, the state of the store, and
// the quota at the server. They are read when the metrics are collected, also
// while no call is made.
//
// Of several clients, each needs attributes of its own: see [WithAttributes]. Call
// unregister when the client is no longer used.
func RegisterMetrics(client *funnel.Client, opts ...Option) (unregister func() error, err error) {
	if client == nil {
		return nil, errors.New("funnelotel: RegisterMetrics: the client is nil")
	}
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	meter := cfg.meter()
	gauges, err := newGauges(meter)
	if err != nil {
		return nil, fmt.Errorf("funnelotel: making the instruments: %w", err)
	}
	gauges.client = client
	gauges.plain = attribute.NewSet(cfg.attributes...)
	gauges.interactive = with(cfg.attributes, attrPriority, "interactive")
	gauges.background = with(cfg.attributes, attrPriority, "background")
	for _, state := range []funnel.StoreState{funnel.StoreOK, funnel.StoreLost, funnel.StoreFallback} {
		gauges.stores = append(gauges.stores, storeSet{state, with(cfg.attributes, attrStoreState, string(state))})
	}
	registration, err := meter.RegisterCallback(gauges.observe,
		gauges.limit, gauges.used, gauges.waiting, gauges.pause, gauges.store,
		gauges.quotaLimit, gauges.quotaRemaining, gauges.quotaOthers)
	if err != nil {
		return nil, fmt.Errorf("funnelotel: registering the gauges: %w", err)
	}
	return registration.Unregister, nil
}

func with(attrs []attribute.KeyValue, key, value string) attribute.Set {
	return attribute.NewSet(append([]attribute.KeyValue{attribute.String(key, value)}, attrs...)...)
}

// gauges show the state of one client's limiter.
type gauges struct {
	client *funnel.Client

	limit, used, waiting, store             metric.Int64ObservableGauge
	pause                                   metric.Float64ObservableGauge
	quotaLimit, quotaRemaining, quotaOthers metric.Int64ObservableGauge

	plain, interactive, background attribute.Set
	stores                         []storeSet
}

type storeSet struct {
	state funnel.StoreState
	set   attribute.Set
}

func newGauges(meter metric.Meter) (*gauges, error) {
	var (
		g    gauges
		errs []error
	)
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		instrument, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return instrument
	}
	g.limit = gauge("funnel.limiter.limit", "{request}", "Slots of the limiter in a window.")
	g.used = gauge("funnel.limiter.used", "{request}", "Slots of the limiter that are taken.")
	g.waiting = gauge("funnel.limiter.waiting", "{call}", "Calls that wait for a slot.")
	g.store = gauge("funnel.limiter.store.state", "{limiter}", "1 for the state of the limiter's store, 0 for the others.")
	g.quotaLimit = gauge("funnel.client.quota.limit", "{request}", "Requests that the server allows in a window.")
	g.quotaRemaining = gauge("funnel.client.quota.remaining", "{request}", "Requests that are left in the window.")
	g.quotaOthers = gauge("funnel.client.quota.others", "{request}", "Requests in the server's window that the limiter does not know of: those of other programs.")
	var err error
	g.pause, err = meter.Float64ObservableGauge("funnel.limiter.pause",
		metric.WithUnit("s"),
		metric.WithDescription("Time until the pause after a 429 ends; 0: no pause."))
	return &g, errors.Join(append(errs, err)...)
}

func (g *gauges) observe(_ context.Context, o metric.Observer) error {
	stats, quota := g.client.LimiterStats(), g.client.RateLimit()
	plain := metric.WithAttributeSet(g.plain)
	if stats.Limit > 0 {
		o.ObserveInt64(g.limit, int64(stats.Limit), plain)
		o.ObserveInt64(g.used, int64(stats.Used), plain)
	}
	o.ObserveInt64(g.waiting, int64(stats.Interactive), metric.WithAttributeSet(g.interactive))
	o.ObserveInt64(g.waiting, int64(stats.Background), metric.WithAttributeSet(g.background))
	var pause time.Duration
	if !stats.PausedUntil.IsZero() {
		pause = max(0, time.Until(stats.PausedUntil))
	}
	o.ObserveFloat64(g.pause, pause.Seconds(), plain)
	if stats.Store != "" {
		for _, s := range g.stores {
			value := int64(0)
			if s.state == stats.Store {
				value = 1
			}
			o.ObserveInt64(g.store, value, metric.WithAttributeSet(s.set))
		}
	}
	if quota.Limit > 0 {
		o.ObserveInt64(g.quotaLimit, int64(quota.Limit), plain)
	}
	if quota.Limit > 0 && stats.Limit > 0 {
		o.ObserveInt64(g.quotaOthers, int64(quota.Others), plain)
	}
	if quota.Remaining >= 0 {
		o.ObserveInt64(g.quotaRemaining, int64(quota.Remaining), plain)
	}
	return nil
}
