package funneltest

// funnelRow is a funnel; the plain word is the SDK's package.
type funnelRow struct {
	base
	Name      string     `json:"name"`
	Status    string     `json:"status"`
	Subdomain string     `json:"subdomain"`
	Activity  []activity `json:"activity,omitempty"` // visits, opt-ins and sales
}

var funnelStatuses = []string{"draft", "published", "archived"}

func funnelResource() resource[funnelRow, *funnelRow] {
	return resource[funnelRow, *funnelRow]{
		name:    "Funnel",
		plural:  "funnels",
		idField: "funnel_id",
		fill:    fillFunnel,
		check:   checkFunnel,
		removed: removedFunnel,
		write:   writeFunnel,
	}
}

func fillFunnel(c *call, f *funnelRow) {
	if f.ID == 0 {
		f.Status, f.Subdomain = "draft", c.subdomain
	}
	c.in.text("name", &f.Name, required, atMost(255))
	c.in.text("status", &f.Status, required, oneOf(funnelStatuses))
}

func checkFunnel(_ *call, f *funnelRow) *problem {
	if f.ID == 0 && f.Subdomain == "" {
		return refuse(codeNoSubdomain)
	}
	return nil
}

// removedFunnel takes its steps with it.
func removedFunnel(c *call, f *funnelRow) {
	for _, st := range selectRows(c.steps.rows, inFunnel(f.ID)) {
		c.steps.remove(st)
	}
}

func writeFunnel(c *call, w *writer, f *funnelRow) {
	w.object()
	w.key("id").int(f.ID)
	w.key("name").text(f.Name)
	w.key("status").text(f.Status)
	w.key("subdomain").text(f.Subdomain)
	w.key("steps_count").int(c.stepsOf(f.ID))
	w.key("created_at").time(f.CreatedAt)
	w.endObject()
}

func getFunnelStats(c *call) *problem {
	f, p := c.funnels.target(c)
	if p != nil {
		return p
	}
	within, p := c.in.period(c.now)
	if p != nil {
		return p
	}
	w := c.out
	w.object()
	w.key("visits").int(within.count(f.Activity, visit))
	w.key("optins").int(within.count(f.Activity, optin))
	w.key("sales").int(within.count(f.Activity, sale))
	w.key("revenue").text(formatCents(within.cents(f.Activity)))
	w.endObject()
	return nil
}
