package funneltest

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	snapshotVersion = 2
	versionKey      = "version"
)

// Snapshot returns the whole account as JSON: every row of every resource with
// its id, including webhook secrets and custom field values. Equal accounts give
// equal bytes. It does not include the server's options, the rate limit, faults,
// and the lists of requests and deliveries.
func (s *Server) Snapshot() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content := map[string]any{versionKey: snapshotVersion}
	for _, store := range s.account.stores {
		content[store.label()] = store.encode()
	}
	return json.Marshal(content) // sorts the keys
}

// Restore replaces the account with a snapshot. If the snapshot is damaged,
// contradicts itself or has another version, Restore returns an error and the
// account is unchanged.
func (s *Server) Restore(snapshot []byte) error {
	a, err := s.decode(snapshot)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.use(a)
	return nil
}

// decode returns the account of a snapshot for this server.
func (s *Server) decode(snapshot []byte) (*account, error) {
	a, err := decodeSnapshot(snapshot, s.cfg.subdomain)
	if err != nil {
		return nil, fmt.Errorf("funneltest: snapshot: %w", err)
	}
	return a, nil
}

func decodeSnapshot(snapshot []byte, subdomain string) (*account, error) {
	var content map[string]json.RawMessage
	if err := json.Unmarshal(snapshot, &content); err != nil {
		return nil, err
	}
	if content[versionKey] == nil {
		return nil, fmt.Errorf(`the field "version" is missing: add "version": %d`, snapshotVersion)
	}
	if string(content[versionKey]) != fmt.Sprint(snapshotVersion) {
		return nil, fmt.Errorf(`the field "version" is %s: want %d`, content[versionKey], snapshotVersion)
	}
	delete(content, versionKey)
	a := newAccount(subdomain)
	var known []string
	for _, store := range a.stores {
		known = append(known, store.label())
		if rows, ok := content[store.label()]; ok {
			if err := store.UnmarshalJSON(rows); err != nil {
				return nil, fmt.Errorf("%s: %w", store.label(), err)
			}
			delete(content, store.label())
		}
	}
	for unknown := range content {
		return nil, fmt.Errorf("unknown resource %q: want one of %s", unknown, strings.Join(known, ", "))
	}
	for _, store := range a.stores {
		if err := store.settle(a); err != nil {
			return nil, err
		}
	}
	return a, nil
}
