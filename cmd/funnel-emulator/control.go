package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/text"
)

// controls adds the control API: what the page can do, for scripts. It takes and
// returns JSON, whatever the content type. README.md documents it.
func (e *emulator) controls(mux *http.ServeMux) {
	for pattern, handle := range map[string]controlFunc{
		"GET faults":         e.listFaults,
		"POST faults":        e.addFaultSpec,
		"DELETE faults":      e.removeFaults,
		"DELETE faults/{id}": e.removeFault,
		"GET deliver":        e.listDeliveries,
		"POST deliver":       e.deliver,
		"GET clock":          e.readClock,
		"POST clock":         e.advanceClock,
		"POST reset":         e.reset,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+assets+path, e.local(handle))
	}
}

// local refuses requests from other machines, unless a flag allows them.
func (e *emulator) local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !e.remoteControl && !fromThisMachine(r) {
			http.Error(w, "Only this machine can control the emulator. The flag -remote-control allows others.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func fromThisMachine(r *http.Request) bool {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// A controlFunc carries out a request. Data is the body of the response; nil
// means that it has none. An error is a 400 unless it is a statusError.
type controlFunc func(r *http.Request) (status int, data any, err error)

type statusError struct {
	error
	status int
}

// ServeHTTP implements [http.Handler].
func (f controlFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, data, err := f(r)
	if err != nil {
		status, data = http.StatusBadRequest, map[string]string{"error": err.Error()}
		if other := (statusError{}); errors.As(err, &other) {
			status = other.status
		}
	}
	if data == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(data) // the client is gone: there is nobody to report it to
}

// decode reads the JSON object of a request.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the body is not the expected JSON object: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("the body is more than one JSON object")
	}
	return nil
}

// A jsonDuration is a text such as "1m30s" in JSON.
type jsonDuration time.Duration

// UnmarshalJSON implements [json.Unmarshaler].
func (d *jsonDuration) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		if parsed, err := time.ParseDuration(s); err == nil {
			*d = jsonDuration(parsed)
			return nil
		}
	}
	return fmt.Errorf(`%s is not a duration: want a number with a unit in quotes, such as "90s"`, text.Clip(string(b), 32))
}

// A faultSpec is a fault in the control API. The fields are those of
// [funneltest.Fault].
type faultSpec struct {
	Method         string            `json:"method"`
	Path           string            `json:"path"`
	Times          int               `json:"times"`
	Status         int               `json:"status"`
	Code           funnel.Code       `json:"code"`
	Body           string            `json:"body"`
	Header         map[string]string `json:"header"`
	Delay          jsonDuration      `json:"delay"`
	AfterCommit    bool              `json:"after_commit"`
	DropConnection bool              `json:"drop_connection"`
	TruncateBody   bool              `json:"truncate_body"`
}

func (s faultSpec) fault() funneltest.Fault {
	header := make(http.Header)
	for name, value := range s.Header {
		header.Set(name, value)
	}
	return funneltest.Fault{
		Method: s.Method, Path: strings.TrimPrefix(s.Path, basePath), Times: s.Times,
		Status: s.Status, Code: s.Code, Body: s.Body, Header: header, Delay: time.Duration(s.Delay),
		AfterCommit: s.AfterCommit, DropConnection: s.DropConnection, TruncateBody: s.TruncateBody,
	}
}

// title is the fault on the page: what happens, and to which requests.
func (s faultSpec) title() string {
	title := "changed response"
	switch {
	case s.DropConnection:
		title = "no response"
	case s.Code != "":
		title = string(s.Code)
	case s.Status != 0:
		title = strconv.Itoa(s.Status)
	case s.Body != "":
		title = "another body"
	case s.Delay > 0:
		title = "a response after " + time.Duration(s.Delay).String()
	}
	if requests := strings.TrimSpace(s.Method + " " + s.Path); requests != "" {
		title += " to " + requests
	}
	return text.Clip(title, keptPath)
}

func (e *emulator) listFaults(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"faults": e.faults.list()}, nil
}

func (e *emulator) addFaultSpec(r *http.Request) (int, any, error) {
	var spec faultSpec
	if err := decode(r, &spec); err != nil {
		return 0, nil, err
	}
	if spec.Path == basePath { // without its prefix it would be empty, which means all
		return 0, nil, fmt.Errorf("the path %q is that of no operation: want one such as /contact, or leave it out for all", basePath)
	}
	fault := spec.fault()
	if err := fault.Validate(); err != nil {
		return 0, nil, errors.New(strings.TrimPrefix(err.Error(), "funneltest: "))
	}
	id := e.faults.add(fault, spec.title())
	e.log.Info("fault added", "id", id, "fault", spec.title())
	return http.StatusCreated, map[string]string{"id": id}, nil
}

func (e *emulator) removeFaults(*http.Request) (int, any, error) {
	for _, fault := range e.faults.list() {
		e.faults.clear(fault.ID)
	}
	e.log.Info("all faults cleared")
	return http.StatusNoContent, nil, nil
}

func (e *emulator) removeFault(r *http.Request) (int, any, error) {
	id := r.PathValue("id")
	if !e.faults.clear(id) {
		return 0, nil, statusError{fmt.Errorf("there is no pending fault with the id %q", text.Clip(id, 32)), http.StatusNotFound}
	}
	e.log.Info("fault cleared", "id", id)
	return http.StatusNoContent, nil, nil
}

func (e *emulator) listDeliveries(*http.Request) (int, any, error) {
	list := []map[string]any{}
	for _, d := range e.deliveries() {
		list = append(list, map[string]any{
			"webhook_id": d.WebhookID, "time": d.Time, "body": string(d.Body),
			"state": d.State, "attempts": d.Attempts, "status": d.Status, "error": d.Problem(),
		})
	}
	return http.StatusOK, map[string]any{"deliveries": list}, nil
}

func (e *emulator) deliver(r *http.Request) (int, any, error) {
	event, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	if !json.Valid(event) {
		return 0, nil, errors.New("the body is the event to send: it must be JSON")
	}
	if err := e.api.Deliver(event); err != nil {
		return 0, nil, statusError{errors.New("no active webhook is registered: register one with POST " + basePath + "/webhook"), http.StatusConflict}
	}
	e.log.Info("event sent")
	return http.StatusAccepted, nil, nil
}

func (e *emulator) readClock(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"now": e.clock.now().UTC()}, nil
}

func (e *emulator) advanceClock(r *http.Request) (int, any, error) {
	var request struct {
		Advance jsonDuration `json:"advance"`
	}
	if err := decode(r, &request); err != nil {
		return 0, nil, err
	}
	if err := e.clock.advance(time.Duration(request.Advance)); err != nil {
		return 0, nil, err
	}
	e.log.Info("clock advanced", "by", time.Duration(request.Advance))
	return e.readClock(r)
}

// reset makes the emulator as it was at its first start, without the state file's
// account. The journal stays: it is the history of the process. Clients and saves
// see the account from before or the new one. The clock comes first: a window of the
// rate limit that a request still opens in between ends with the old account.
func (e *emulator) reset(*http.Request) (int, any, error) {
	e.clock.reset()
	snapshot, err := e.initial(e.clock.now())
	if err == nil {
		err = e.faults.reset(snapshot)
	}
	if err != nil {
		return 0, nil, statusError{err, http.StatusInternalServerError}
	}
	e.log.Info("reset")
	return http.StatusNoContent, nil, nil
}
