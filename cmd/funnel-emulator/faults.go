package main

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/funnel-go/funnel/funneltest"
)

// slow is how late an answer is that is to be late.
const slow = 5 * time.Second

// A faultKind is something that the page can make go wrong.
type faultKind struct {
	Name  string // in the form
	Title string
	Hint  string
	fault funneltest.Fault
}

// faultKinds are the page's buttons.
func faultKinds() []faultKind {
	return []faultKind{
		{"429", "429", "over the limit", funneltest.Fault{Status: http.StatusTooManyRequests}},
		{"500", "500", "a server error", funneltest.Fault{Status: http.StatusInternalServerError}},
		{"401", "401", "the key is refused", funneltest.Fault{Status: http.StatusUnauthorized}},
		{"drop", "Drop", "no answer at all", funneltest.Fault{DropConnection: true}},
		{"slow", "Slow", fmt.Sprintf("an answer after %d s", slow/time.Second), funneltest.Fault{Delay: slow}},
	}
}

func findKind(name string) (faultKind, bool) {
	for _, k := range faultKinds() {
		if k.Name == name {
			return k, true
		}
	}
	return faultKind{}, false
}

// A span is how many requests a fault befalls.
type span struct {
	Name  string // in the form
	Title string
	times int // as in funneltest.Fault
}

// spans are the page's choices, the usual one first.
func spans() []span {
	return []span{
		{"1", "the next one", 1},
		{"4", "the next four, all tries of a call", 4},
		{"all", "all, until cleared", -1},
	}
}

func findSpan(name string) (span, bool) {
	for _, s := range spans() {
		if s.Name == name {
			return s, true
		}
	}
	return span{}, false
}

// faults are those that the page has asked for, as far as they are yet to come.
type faults struct {
	api *funneltest.Server

	mu      sync.Mutex // may be held while the server is called
	waiting []*waitingFault
}

type waitingFault struct {
	title string
	left  atomic.Int64 // negative: for ever
}

// add lets the next requests meet a fault.
func (f *faults) add(kind faultKind, s span) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &waitingFault{title: kind.Title + ", " + kind.Hint}
	w.left.Store(int64(s.times))
	fault := kind.fault
	fault.Times = s.times
	fault.Match = func(*http.Request) bool { // the only condition: this fault happens now
		if w.left.Load() > 0 {
			w.left.Add(-1)
		}
		return true
	}
	f.waiting = append(f.waiting, w)
	f.api.Fail(fault)
}

// clear calls all of them off.
func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.api.ClearFaults()
	f.waiting = nil
}

// list says what is yet to come, in order.
func (f *faults) list() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = slices.DeleteFunc(f.waiting, func(w *waitingFault) bool { return w.left.Load() == 0 })
	list := make([]string, 0, len(f.waiting))
	for _, w := range f.waiting {
		list = append(list, w.title+": "+befalls(w.left.Load()))
	}
	return list
}

func befalls(left int64) string {
	switch {
	case left < 0:
		return "all requests, until cleared"
	case left == 1:
		return "the next request"
	default:
		return fmt.Sprintf("the next %d requests", left)
	}
}
