package contracttest

import (
	"bytes"
	"io"
	"net/http"
)

// Receiver is an [http.Handler] that checks the deliveries to a webhook before
// it passes them on to the webhook's own handler.
type Receiver struct {
	contract *Contract
	next     http.Handler
	report   func(Exchange)
}

// NewReceiver returns a receiver in front of next. The report is called once
// for each delivery, with the event for a path, before next has it.
func NewReceiver(contract *Contract, next http.Handler, report func(Exchange)) *Receiver {
	return &Receiver{contract: contract, next: next, report: report}
}

// ServeHTTP implements [http.Handler].
func (v *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	event := eventOf(body)
	x := Exchange{Method: r.Method, Path: event}
	x.add(0, v.contract.CheckDelivery(body)...)
	if op, ok := v.contract.events[event]; ok {
		x.Operation = op.ID
		t := tour{schemas: v.contract.shapes, received: true, note: x.note}
		t.delivery(op, decode(body))
	}
	v.report(x)
	r.Body = io.NopCloser(bytes.NewReader(body))
	v.next.ServeHTTP(w, r)
}
