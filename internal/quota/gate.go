package quota

import (
	"context"
	"fmt"
	"time"
)

// A Gate stands before all of a client's requests. It is open until a 429
// pauses it, and then opens slowly: one request first, and with each answer one
// more at a time, so that the waiting ones do not rush in together.
type Gate struct {
	line

	maxWait time.Duration
	until   time.Time // paused until then
	pauses  Pass      // how many there were
	width   int       // how many may be inside; 0: any number
	inside  int       // how many have entered since the last pause, and not left
}

// A Pass is given to who enters, and tells whether a pause has begun since.
type Pass int

// NewGate returns an open gate at which nobody waits for longer than maxWait.
func NewGate(maxWait time.Duration) *Gate {
	return &Gate{maxWait: maxWait}
}

// widthOfOpenGate is how many answers after a pause end the care.
const widthOfOpenGate = 512

// A PausedError refuses a request that the pause would hold up for longer than
// it may wait.
type PausedError struct{ Wait time.Duration }

func (e *PausedError) Error() string {
	return fmt.Sprintf("rate limited: paused for another %s, longer than the call may wait", e.Wait.Round(time.Millisecond))
}

// Enter waits until the gate is open. The caller must Leave in the end.
func (g *Gate) Enter(ctx context.Context) (pass Pass, err error) {
	err = g.wait(ctx, func() time.Duration {
		if d := g.pause(); d > 0 {
			return d
		}
		if g.width > 0 && g.inside >= g.width {
			return untilPoked
		}
		g.inside++
		pass = g.pauses
		return 0
	}, func(int) error { return g.refuse(ctx) })
	return pass, err
}

// Leave tells the gate that a request that entered is over. answered says
// whether the server took it, which widens the gate after a pause: not the one
// that has begun since it entered.
func (g *Gate) Leave(pass Pass, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if pass != g.pauses {
		return
	}
	g.inside--
	if answered && g.width > 0 {
		g.width++
		if g.width > widthOfOpenGate {
			g.width = 0
		}
	}
	g.poke()
}

// Pause keeps the gate shut for at least d from now. It returns the moment at
// which the gate opens and whether this call moved it from an open gate.
func (g *Gate) Pause(d time.Duration) (until time.Time, began bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	began = g.pause() == 0
	if t := time.Now().Add(d); t.After(g.until) {
		g.until = t
	}
	g.pauses++
	g.width, g.inside = 1, 0
	g.pokeAll() // the first has a new alarm to set, and it may be too long for some
	return g.until, began
}

// Paused returns the moment at which a paused gate opens, and zero for an open
// one.
func (g *Gate) Paused() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pause() == 0 {
		return time.Time{}
	}
	return g.until
}

// Refuse returns a [PausedError] where the pause lasts longer than ctx and the
// gate's own limit allow.
func (g *Gate) Refuse(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refuse(ctx)
}

func (g *Gate) refuse(ctx context.Context) error {
	d := g.pause()
	if d == 0 {
		return nil
	}
	deadline, ok := ctx.Deadline()
	if d > g.maxWait || ok && time.Until(deadline) <= d {
		return &PausedError{Wait: d}
	}
	return nil
}

// pause returns what is left of the pause.
func (g *Gate) pause() time.Duration { return max(0, time.Until(g.until)) }
