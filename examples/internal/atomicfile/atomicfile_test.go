package atomicfile

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireOnly checks that path is the only file of its directory.
func requireOnly(t *testing.T, path, want string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(content))
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1)
}

func TestWrite_ReplacesFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"a longer one", "short"} {
		require.NoError(t, Write(path, []byte(content)))
		requireOnly(t, path, content)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestFile_DiscardKeepsOldFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, Write(path, []byte("old")))
	file, err := Create(path)
	require.NoError(t, err)
	_, err = file.WriteString("new")
	require.NoError(t, err)
	file.Discard()
	file.Discard()
	requireOnly(t, path, "old")
}

func TestWrite_AfterKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path+".tmp", []byte("half of something else"), 0o600))
	require.NoError(t, Write(path, []byte("new")))
	requireOnly(t, path, "new")
}

func TestWrite_NotARegularFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.ErrorContains(t, Write(dir, nil), "not a regular file")
	require.NoFileExists(t, dir+".tmp")
	require.ErrorIs(t, Write(filepath.Join(dir, "none", "file"), nil), os.ErrNotExist)
}
