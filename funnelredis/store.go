package funnelredis

import (
	"context"
	"time"
)

// A store keeps the slots of one quota: Redis those of all processes, and a
// [window] those of this one while Redis is away.
type store interface {
	exchange(context.Context, ask) (reply, error)
}

// An ask is all that is told to a store, and asked of it, at once. It may
// reach the store twice, which changes nothing.
type ask struct {
	slot    string    // the id of a slot that is wanted; "": none
	reports []report  // of slots that were granted before
	pause   time.Time // until when nobody may have a slot; zero: no news
}

// A report says until when a slot is taken; zero: it is free.
type report struct {
	slot  string
	until time.Time
}

// A reply is a store's answer.
type reply struct {
	granted bool
	wait    time.Duration // if not granted: how long at least until it may be
	used    int           // slots that are taken
	pause   time.Duration // how long nobody may have a slot
}
