package funneltest

// Kinds of activity of a funnel and of a campaign.
const (
	visit        = "visit"
	optin        = "optin"
	sale         = "sale"
	sent         = "sent"
	opened       = "opened"
	clicked      = "clicked"
	bounced      = "bounced"
	unsubscribed = "unsubscribed"
)

// An activity is something that happened to a funnel or a campaign, which its
// stats count.
type activity struct {
	At    stamp  `json:"at"`
	Kind  string `json:"kind"`
	Count int64  `json:"count"`
	Cents int64  `json:"cents,omitempty"` // of a sale
}

// count adds up what happened of a kind within the period.
func (p period) count(list []activity, kind string) (n int64) {
	for _, a := range list {
		if a.Kind == kind && p.holds(a.At) {
			n += a.Count
		}
	}
	return n
}

// cents adds up the money of the period.
func (p period) cents(list []activity) (n int64) {
	for _, a := range list {
		if p.holds(a.At) {
			n += a.Cents
		}
	}
	return n
}
