// Package child starts programs for tests, which leave none of them running.
package child
