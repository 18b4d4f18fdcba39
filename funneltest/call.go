package funneltest

// A call is one request being carried out. It has the server's lock, so that
// what it reads and changes is its own until it is answered.
type call struct {
	*account
	now stamp
	in  input
	out *writer // receives the answer's data

	meta  *paging // of a list
	hooks *dispatcher
}

// A handler carries out one operation: it checks first, changes then, and
// writes the answer's data to c.out. It must not change anything once it has
// refused.
type handler func(c *call) *problem

// paging is the meta of a list.
type paging struct{ page, perPage, total int64 }

// lastPage is 1 for an empty list, as Laravel has it.
func (p paging) lastPage() int64 {
	return max(1, (p.total+p.perPage-1)/p.perPage)
}

func (p paging) write(w *writer) {
	w.object()
	w.key("current_page").int(p.page)
	w.key("per_page").int(p.perPage)
	w.key("last_page").int(p.lastPage())
	w.key("total").int(p.total)
	w.endObject()
}

// nothing is the data of an operation that has none to give.
func (c *call) nothing() *problem {
	c.out.raw("null")
	return nil
}

// event delivers an event to the webhooks that want it. fill writes the
// fields of its data, which are the resources concerned, each under its name.
func (c *call) event(name string, fill func(w *writer)) {
	var body []byte
	for _, wh := range c.webhooks.rows {
		if !wh.wants(name) {
			continue
		}
		if body == nil {
			body = eventBody(name, c.now, fill)
		}
		c.hooks.deliver(wh, name, c.now.time(), body)
	}
}

func eventBody(name string, at stamp, fill func(w *writer)) []byte {
	var w writer
	w.object()
	w.key("event").text(name)
	w.key("data").object()
	fill(&w)
	w.endObject()
	w.key("created_at").time(at)
	w.endObject()
	return w.buf
}
