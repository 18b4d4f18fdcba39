package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

func open(t *testing.T, path string) (*stateFile, *funneltest.Server) {
	t.Helper()
	server := newServer()
	t.Cleanup(server.Close)
	state, err := openState(path, server)
	require.NoError(t, err)
	t.Cleanup(state.close)
	return state, server
}

func createTag(t *testing.T, server *funneltest.Server, name string) {
	t.Helper()
	_, err := server.Client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: name})
	require.NoError(t, err)
}

func TestState_AccountSurvivesARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	first := start(t, "-state", path, "-save-every", "1h")
	client, ctx := newClient(t, first.url, first.key), t.Context()
	id, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{1}})
	require.NoError(t, err)
	contact, err := client.Contacts.Get(ctx, id)
	require.NoError(t, err)
	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "news"})
	require.NoError(t, err)
	require.NoError(t, client.Campaigns.Schedule(ctx, campaign, time.Now().Add(time.Hour)))
	require.NoError(t, client.Tags.Delete(ctx, 3)) // of the sample data, which is not added once more
	require.NoError(t, first.stop())
	require.NotContains(t, read(t, path), first.key)

	second := start(t, "-state", path)
	require.NotEqual(t, first.key, second.key)
	client = newClient(t, second.url, second.key)
	same, err := client.Contacts.Get(ctx, id)
	require.NoError(t, err)
	require.Equal(t, contact, same)
	scheduled, err := client.Campaigns.Get(ctx, campaign)
	require.NoError(t, err)
	require.Equal(t, funnel.CampaignScheduled, scheduled.Status)
	require.Equal(t, []string{"newsletter", "customer"}, listTags(t, client))
	next, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "grace@example.com"})
	require.NoError(t, err)
	require.Equal(t, id+1, next)
}

func TestOpenState_FileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	_, err := openState(filepath.Join(t.TempDir(), "missing", "state.json"), newServer())
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = openState(t.TempDir(), newServer())
	require.ErrorContains(t, err, "is a directory")
}

func TestOpenState_DamagedFile(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":           "",
		"cut short":       `{"version":1,"contacts":{"last_id":1,"ro`,
		"another version": `{"version":99}`,
		"something else":  `<html>`,
	} {
		path := filepath.Join(t.TempDir(), "state.json")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := openState(path, newServer())
		require.ErrorContains(t, err, path+" cannot be loaded: ", name)
		require.Equal(t, content, read(t, path), name)
	}
}

// TestOpenState_AfterACrash finds the file of a save that ended before the
// rename.
func TestOpenState_AfterACrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	state, server := open(t, path)
	createTag(t, server, "lost")
	state.close()
	state, server = open(t, path)
	createTag(t, server, "kept")
	require.NoError(t, state.save())
	state.close()

	require.NoError(t, os.WriteFile(path+".tmp", []byte(read(t, path)[:40]), 0o600))
	state, server = open(t, path)
	require.Contains(t, read(t, path), `"kept"`)
	require.NotContains(t, read(t, path), `"lost"`)
	createTag(t, server, "more")
	require.NoError(t, state.save())
	require.Contains(t, read(t, path), `"more"`)
	require.NoFileExists(t, path+".tmp")
}

// TestState_FollowsNoForeignLink saves to a directory that others can write to.
func TestState_FollowsNoForeignLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "state.json"), filepath.Join(dir, "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(victim, path+".tmp"))
	open(t, path)
	require.Equal(t, "precious", read(t, victim))
	require.True(t, json.Valid([]byte(read(t, path))))
}

func TestState_FileMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	open(t, path)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}

func TestState_LinkToTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "state.json"), filepath.Join(dir, "link")
	state, _ := open(t, path)
	require.NoError(t, os.Symlink(path, link))
	_, err := openState(link, newServer())
	require.EqualError(t, err, "another emulator uses "+path+": stop it, or choose another file with -state")
	state.close()
	state, server := open(t, link)
	createTag(t, server, "vip")
	require.NoError(t, state.save())
	require.Contains(t, read(t, path), `"vip"`)
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.Equal(t, os.ModeSymlink, info.Mode().Type())
}

// Each link leads to a file that the first emulator creates.
func TestState_LinkToAMissingFile(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]string{
		"directly":            "data/state.json",
		"through a directory": "folder/state.json",
		"back from a link":    "inner/../state.json",
		"over another link":   "other",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := filepath.EvalSymlinks(t.TempDir())
			require.NoError(t, err)
			path, link := filepath.Join(dir, "data", "state.json"), filepath.Join(dir, "link")
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "data", "inner"), 0o700))
			require.NoError(t, os.Symlink("data", filepath.Join(dir, "folder")))
			require.NoError(t, os.Symlink("data/inner", filepath.Join(dir, "inner")))
			require.NoError(t, os.Symlink(path, filepath.Join(dir, "other")))
			require.NoError(t, os.Symlink(target, link))
			state, server := open(t, link)
			require.Equal(t, path, state.path)
			createTag(t, server, "vip")
			require.NoError(t, state.save())
			require.Contains(t, read(t, path), `"vip"`)
			info, err := os.Lstat(link)
			require.NoError(t, err)
			require.Equal(t, os.ModeSymlink, info.Mode().Type())
			_, err = openState(link, newServer())
			require.EqualError(t, err, "another emulator uses "+path+": stop it, or choose another file with -state")
		})
	}
}

// A file that does not exist yet has the name that it has later.
func TestState_MissingFileInALinkedDirectory(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
	require.NoError(t, os.Symlink("data", filepath.Join(dir, "links")))
	link := filepath.Join(dir, "links", "state.json")
	for range 2 {
		state, _ := open(t, link)
		require.Equal(t, filepath.Join(dir, "data", "state.json"), state.path)
		state.close()
	}
}

func TestOpenState_LinkThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	for _, target := range []string{"missing/state.json", "link"} {
		require.NoError(t, os.Symlink(target, link))
		_, err := openState(link, newServer())
		require.Error(t, err)
		left, err := os.Readlink(link)
		require.NoError(t, err)
		require.Equal(t, target, left)
		require.NoError(t, os.Remove(link))
	}
}

func TestOpenState_FileOfAnotherEmulator(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	first := start(t, "-empty", "-state", path)
	before := read(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := run(ctx, []string{"-addr", "127.0.0.1:0", "-state", path}, io.Discard, io.Discard)
	require.EqualError(t, err, "another emulator uses "+path+": stop it, or choose another file with -state")
	require.Equal(t, before, read(t, path))
	require.NoError(t, first.stop())
	start(t, "-state", path)
}

// A failed start must not keep the lock.
func TestOpenState_DamagedFileIsUnlocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := openState(path, newServer())
	require.ErrorContains(t, err, "cannot be loaded")
	require.NoError(t, os.Remove(path))
	open(t, path)
}

// TestState_ReadsDoNotSave makes the next save write the file, whatever the
// account contains.
func TestState_ReadsDoNotSave(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	state, server := open(t, path)
	state.sum = [sha256.Size]byte{}
	require.NoError(t, os.WriteFile(path, []byte("untouched"), 0o600))
	_, err := server.Client().Tags.List(t.Context(), funnel.TagListParams{})
	require.NoError(t, err)
	require.NoError(t, state.saveChanges())
	require.Equal(t, "untouched", read(t, path))
	createTag(t, server, "vip")
	require.NoError(t, state.saveChanges())
	require.Contains(t, read(t, path), "vip")
}

func TestState_UnchangedAccountIsNotWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	state, server := open(t, path)
	written := func() os.FileInfo {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info
	}
	before := written()
	require.NoError(t, state.saveChanges())
	_, err := server.Client().Tags.List(t.Context(), funnel.TagListParams{})
	require.NoError(t, err)
	require.NoError(t, state.saveChanges())
	require.NoError(t, state.save())
	require.True(t, os.SameFile(before, written()))

	createTag(t, server, "vip")
	require.NoError(t, state.saveChanges())
	require.False(t, os.SameFile(before, written()))
}

// keep saves an account regularly, in virtual time, and returns the log.
func keep(t *testing.T, path string, saveEvery time.Duration) (*funneltest.Server, *syncBuffer) {
	t.Helper()
	log := new(syncBuffer)
	state, server := open(t, path)
	e := newEmulator(server, new(clock), "", slog.New(slog.NewTextHandler(log, nil)))
	e.state, e.saveEvery = state, saveEvery
	go e.keepState(t.Context())
	return server, log
}

func TestState_SavesWithinTheInterval(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		server, _ := keep(t, path, 5*time.Second)
		for _, name := range []string{"one", "two", "three"} {
			createTag(t, server, name)
			require.NotContains(t, read(t, path), `"`+name+`"`)
			time.Sleep(5 * time.Second)
			synctest.Wait()
			require.Contains(t, read(t, path), `"`+name+`"`)
		}
	})
}

func TestState_FailedSaveIsLoggedAndRepeated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		server, log := keep(t, path, 5*time.Second)
		before := read(t, path)
		require.NoError(t, os.MkdirAll(path+".tmp/in the way", 0o700))
		createTag(t, server, "vip")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Contains(t, log.String(), `level=ERROR msg="the account is not saved"`)
		require.Equal(t, before, read(t, path))

		require.NoError(t, os.RemoveAll(path+".tmp"))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Contains(t, read(t, path), `"vip"`)
	})
}

func TestServe_FailedLastSave(t *testing.T) {
	t.Parallel()
	e := quiet()
	path := filepath.Join(t.TempDir(), "state.json")
	state, err := openState(path, e.api)
	require.NoError(t, err)
	e.state, e.saveEvery = state, time.Hour
	e.api.SeedContacts(1)
	require.NoError(t, os.MkdirAll(path+".tmp/in the way", 0o700))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	require.ErrorContains(t, e.serve(t.Context(), listener), "state.json.tmp")
}
