package funnelredis

import (
	"context"
	"strconv"
	"time"
)

// A window keeps slots in memory, by the same rules as the script does in
// Redis. It is not for concurrent use.
type window struct {
	limit  int
	per    time.Duration
	term   time.Duration
	slots  map[string]time.Time // when they come free
	paused time.Time
}

func newWindow(limit int, per, term time.Duration) *window {
	return &window{limit: limit, per: per, term: term, slots: make(map[string]time.Time)}
}

// occupy takes n slots until then, of which nothing more will be heard.
func (w *window) occupy(n int, until time.Time) {
	for i := range n {
		w.slots["occupied "+strconv.Itoa(i)] = until
	}
}

func (w *window) exchange(_ context.Context, a ask) (reply, error) {
	now := time.Now()
	if a.pause.After(w.paused) {
		w.paused = a.pause
	}
	for _, r := range a.reports {
		w.slots[r.slot] = r.until
	}
	first := now.Add(w.per)
	for slot, free := range w.slots {
		if !free.After(now) {
			delete(w.slots, slot)
		} else if free.Before(first) {
			first = free
		}
	}
	r := reply{used: len(w.slots), pause: max(0, w.paused.Sub(now))}
	switch {
	case a.slot == "":
	case r.pause > 0:
		r.wait = r.pause
	case w.has(a.slot):
		r.granted = true
	case r.used < w.limit:
		w.slots[a.slot] = now.Add(w.term)
		r.granted = true
		r.used++
	default:
		r.wait = first.Sub(now)
	}
	return r, nil
}

func (w *window) has(slot string) bool {
	_, ok := w.slots[slot]
	return ok
}
