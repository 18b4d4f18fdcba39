//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package main

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A process that is being forked at that moment still holds a duplicate of the file.
func TestOpenLocked_ClosingUnlocksDuplicates(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json.lock")
	lock, err := openLocked(path)
	require.NoError(t, err)
	duplicate, err := syscall.Dup(int(lock.(lockedFile).Fd()))
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Close(duplicate)) }()
	_, err = openLocked(path)
	require.ErrorIs(t, err, errLocked)
	require.NoError(t, lock.Close())
	again, err := openLocked(path)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}
