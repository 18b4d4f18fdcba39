package funnelredis

import (
	"strconv"
	"time"
)

// A window counts the slots of this process in memory while Redis is lost.
type window struct {
	limit int
	per   time.Duration
	slots map[string]time.Time // when they are free
}

func newWindow(limit int, per time.Duration) *window {
	return &window{limit: limit, per: per, slots: make(map[string]time.Time)}
}

// occupy takes n slots until then, without a report to come.
func (w *window) occupy(n int, until time.Time) {
	for i := range n {
		w.slots["occupied "+strconv.Itoa(i)] = until
	}
}

// used returns how many slots are taken.
func (w *window) used(now time.Time) int {
	for slot, free := range w.slots {
		if !free.After(now) {
			delete(w.slots, slot)
		}
	}
	return len(w.slots)
}

// opens returns when the next slot is free: now or later. A request in flight gets
// its response before its term is over, and then holds its slot for another per.
func (w *window) opens(now time.Time) time.Time {
	if w.used(now) < w.limit {
		return now
	}
	first := now.Add(w.per)
	for _, free := range w.slots {
		if free.Before(first) {
			first = free
		}
	}
	return first
}
