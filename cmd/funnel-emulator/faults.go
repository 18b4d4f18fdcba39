package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/funnel-go/funnel/funneltest"
)

// slow is the delay of a slow response.
const slow = 5 * time.Second

// A faultKind is a fault that the page offers.
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
		{"401", "401", "the key is invalid", funneltest.Fault{Status: http.StatusUnauthorized}},
		{"drop", "Drop", "no response", funneltest.Fault{DropConnection: true}},
		{"slow", "Slow", fmt.Sprintf("a response after %d s", slow/time.Second), funneltest.Fault{Delay: slow}},
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

// A span is how many requests a fault applies to.
type span struct {
	Name  string // in the form
	Title string
	times int // as in funneltest.Fault
}

// spans are the page's choices, the default first.
func spans() []span {
	return []span{
		{"1", "the next one", 1},
		{"4", "the next four, all attempts of a call", 4},
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

// faults are the faults that were added on the page or by a script and still
// apply.
type faults struct {
	api *funneltest.Server

	mu      sync.Mutex // may be held while the server is called, but not the other way round
	added   int
	pending []*pendingFault
}

type pendingFault struct {
	id     string
	title  string
	left   atomic.Int64 // negative: no end
	remove func()       // from the server
}

// add makes requests fail and returns the fault's id.
func (f *faults) add(fault funneltest.Fault, title string) (id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.added++
	p := &pendingFault{id: strconv.Itoa(f.added), title: title}
	if fault.Times == 0 {
		fault.Times = 1
	}
	p.left.Store(int64(fault.Times))
	fault.Met = func() {
		if p.left.Load() > 0 {
			p.left.Add(-1)
		}
	}
	p.remove = f.api.Fail(fault)
	f.pending = append(f.pending, p)
	return p.id
}

// clear removes one fault and reports whether it still applied. One that is used up
// or was cleared has no effect: the page may be a second behind.
func (f *faults) clear(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	applied := false
	f.pending = slices.DeleteFunc(f.pending, func(p *pendingFault) bool {
		if p.id == id {
			p.remove()
			applied = p.left.Load() != 0
		}
		return p.id == id
	})
	return applied
}

// reset starts the server over with the account of a snapshot. The server drops all
// faults, and none can be added until they are gone here too.
func (f *faults) reset(snapshot []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.api.ResetTo(snapshot); err != nil {
		return err
	}
	f.pending = nil
	return nil
}

// A faultView is a pending fault on the page and in the control API.
type faultView struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Left int64  `json:"left"` // requests; negative: all, until cleared
}

// list returns the faults that still apply, in order.
func (f *faults) list() []faultView {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = slices.DeleteFunc(f.pending, func(p *pendingFault) bool { return p.left.Load() == 0 })
	list := make([]faultView, 0, len(f.pending))
	for _, p := range f.pending {
		left := p.left.Load()
		list = append(list, faultView{p.id, p.title + ": " + appliesTo(left), left})
	}
	return list
}

func appliesTo(left int64) string {
	switch {
	case left < 0:
		return "all requests, until cleared"
	case left == 1:
		return "the next request"
	default:
		return fmt.Sprintf("the next %d requests", left)
	}
}
