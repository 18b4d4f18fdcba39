package funneltest

import (
	"fmt"

	"github.com/funnel-go/funnel"
)

// What visitors and recipients do cannot be asked of the API; these methods do
// it in their place, at the server's time.

// RecordVisit counts a visit of a funnel.
func (s *Server) RecordVisit(id funnel.FunnelID) error {
	return s.recordFunnel(id, visit, 0, nil)
}

// RecordOptin counts an opt-in of a funnel and delivers funnel.optin.
func (s *Server) RecordOptin(id funnel.FunnelID) error {
	return s.recordFunnel(id, optin, 0, func(*writer) {})
}

// RecordSale counts a sale of a funnel and delivers funnel.sale. The amount is
// a decimal number such as "49.90", without a currency.
func (s *Server) RecordSale(id funnel.FunnelID, amount string) error {
	cents, err := parseCents(amount)
	if err != nil {
		return err
	}
	return s.recordFunnel(id, sale, cents, func(w *writer) {
		w.key("amount").text(formatCents(cents))
	})
}

// recordFunnel notes what happened to a funnel. Where extra is set there is an
// event of it, and extra writes what the event's data has besides the funnel.
func (s *Server) recordFunnel(id funnel.FunnelID, kind string, cents int64, extra func(w *writer)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.newCall(s.cfg.now())
	f := c.funnels.find(int64(id))
	if f == nil {
		return fmt.Errorf("funneltest: there is no funnel %d", int64(id))
	}
	f.Activity = logged(f.Activity, activity{At: c.now, Kind: kind, Count: 1, Cents: cents})
	if extra != nil {
		c.event("funnel."+kind, func(w *writer) {
			w.key("funnel")
			writeFunnel(c, w, f)
			extra(w)
		})
	}
	return nil
}

// RecordOpens counts recipients who opened a campaign.
func (s *Server) RecordOpens(id funnel.CampaignID, n int) error {
	return s.recordCampaign(id, opened, n)
}

// RecordClicks counts recipients who clicked on a link in a campaign.
func (s *Server) RecordClicks(id funnel.CampaignID, n int) error {
	return s.recordCampaign(id, clicked, n)
}

// RecordBounces counts mails of a campaign that came back.
func (s *Server) RecordBounces(id funnel.CampaignID, n int) error {
	return s.recordCampaign(id, bounced, n)
}

// RecordUnsubscribes counts recipients whom a campaign made unsubscribe. It
// leaves the contacts as they are.
func (s *Server) RecordUnsubscribes(id funnel.CampaignID, n int) error {
	return s.recordCampaign(id, unsubscribed, n)
}

func (s *Server) recordCampaign(id funnel.CampaignID, kind string, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.newCall(s.cfg.now())
	c.sendDue()
	cp := c.campaigns.find(int64(id))
	switch {
	case n < 0:
		return fmt.Errorf("funneltest: %d is less than nothing", n)
	case cp == nil:
		return fmt.Errorf("funneltest: there is no campaign %d", int64(id))
	case cp.Status != sent:
		return fmt.Errorf("funneltest: campaign %d has not been sent", int64(id))
	}
	cp.Activity = logged(cp.Activity, activity{At: c.now, Kind: kind, Count: int64(n)})
	return nil
}

// logged appends to the list, or adds to its last entry where that differs in
// numbers only: a million visits under a clock that stands still are one.
func logged(list []activity, a activity) []activity {
	if n := len(list); n > 0 && list[n-1].At == a.At && list[n-1].Kind == a.Kind {
		list[n-1].Count += a.Count
		list[n-1].Cents += a.Cents
		return list
	}
	return append(list, a)
}
