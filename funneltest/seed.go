package funneltest

import "fmt"

var (
	seedFirstNames = []string{"Ada", "Alan", "Barbara", "Edsger", "Grace", "John", "Katherine", "Leslie"}
	seedLastNames  = []string{"Dijkstra", "Hopper", "Johnson", "Lamport", "Liskov", "Lovelace", "McCarthy", "Turing", "Wirth"}
)

// SeedContacts adds n contacts at once, for tests that need many: a million
// take a few seconds and some 250 MB. They are the same in every run: the
// contact with id 7 is contact-0000007@example.com, every tenth is
// unsubscribed, and names take turns. They have no tags, and no webhook hears
// of them. An address that is in use already is left as it is.
func (s *Server) SeedContacts(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := stampOf(s.cfg.now())
	contacts := &s.account.contacts
	contacts.reserve(n)
	block := make([]contact, n) // one allocation, not n
	for i := range block {
		id := contacts.last + 1
		ct := &block[i]
		ct.Email = fmt.Sprintf("contact-%07d@example.com", id)
		if contacts.lookup(ct.key()) != nil {
			contacts.last++
			continue
		}
		ct.FirstName = seedFirstNames[id%int64(len(seedFirstNames))]
		ct.LastName = seedLastNames[id%int64(len(seedLastNames))]
		ct.Status, ct.UpdatedAt = "subscribed", now
		if id%10 == 0 {
			ct.Status = "unsubscribed"
		}
		contacts.insert(ct, now)
	}
}
