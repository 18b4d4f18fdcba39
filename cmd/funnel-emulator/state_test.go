package main

import (
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
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
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	state, err := openState(path, server)
	require.NoError(t, err)
	return state, server
}

func createTag(t *testing.T, server *funneltest.Server, name string) {
	t.Helper()
	_, err := server.Client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: name})
	require.NoError(t, err)
}

func TestAnAccountOutlastsTheProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	first := start(t, "-state", path, "-save-every", "1h")
	client, ctx := newClient(t, first.url, first.key), t.Context()
	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	contact, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com", TagIDs: []funnel.TagID{tag.ID}})
	require.NoError(t, err)
	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "news"})
	require.NoError(t, err)
	campaign, err = client.Campaigns.Schedule(ctx, campaign.ID, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.NoError(t, first.stop())
	require.NotContains(t, read(t, path), first.key)

	second := start(t, "-state", path)
	require.NotEqual(t, first.key, second.key)
	client = newClient(t, second.url, second.key)
	sameContact, err := client.Contacts.Get(ctx, contact.ID)
	require.NoError(t, err)
	require.Equal(t, contact, sameContact)
	sameCampaign, err := client.Campaigns.Get(ctx, campaign.ID)
	require.NoError(t, err)
	require.Equal(t, campaign, sameCampaign)
	next, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "grace@example.com"})
	require.NoError(t, err)
	require.Equal(t, contact.ID+1, next.ID)
}

func TestAFileThatCannotBeWrittenIsFoundOutAtTheStart(t *testing.T) {
	t.Parallel()
	_, err := openState(filepath.Join(t.TempDir(), "missing", "state.json"), funneltest.NewServer())
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = openState(t.TempDir(), funneltest.NewServer())
	require.ErrorContains(t, err, "is a directory")
}

func TestDamagedFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":           "",
		"cut short":       `{"version":1,"contacts":{"last_id":1,"ro`,
		"another version": `{"version":99}`,
		"something else":  `<html>`,
	} {
		path := filepath.Join(t.TempDir(), "state.json")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := openState(path, funneltest.NewServer())
		require.ErrorContains(t, err, path+" cannot be loaded: ", name)
		require.Equal(t, content, read(t, path), name)
	}
}

// TestACrashWhileSavingHurtsNothing finds what a program leaves that was cut
// off before the renaming.
func TestACrashWhileSavingHurtsNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	_, server := open(t, path)
	createTag(t, server, "lost")
	state, server := open(t, path)
	createTag(t, server, "kept")
	require.NoError(t, state.save())

	require.NoError(t, os.WriteFile(path+".tmp", []byte(read(t, path)[:40]), 0o600))
	state, server = open(t, path)
	require.Contains(t, read(t, path), `"kept"`)
	require.NotContains(t, read(t, path), `"lost"`)
	createTag(t, server, "more")
	require.NoError(t, state.save())
	require.Contains(t, read(t, path), `"more"`)
	require.NoFileExists(t, path+".tmp")
}

// TestSavingFollowsNoLinkOfAStranger saves to a directory that others can
// write to.
func TestSavingFollowsNoLinkOfAStranger(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "state.json"), filepath.Join(dir, "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(victim, path+".tmp"))
	open(t, path)
	require.Equal(t, "precious", read(t, victim))
	require.True(t, json.Valid([]byte(read(t, path))))
}

func TestTheFileIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	open(t, path)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}

func TestALinkToTheFileStaysOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "state.json"), filepath.Join(dir, "link")
	open(t, path)
	require.NoError(t, os.Symlink(path, link))
	state, server := open(t, link)
	createTag(t, server, "vip")
	require.NoError(t, state.save())
	require.Contains(t, read(t, path), `"vip"`)
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.Equal(t, os.ModeSymlink, info.Mode().Type())
}

func TestAnUnchangedAccountIsNotWrittenAgain(t *testing.T) {
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

// keep runs an emulator's chores in virtual time, and returns what they log.
func keep(t *testing.T, path string, saveEvery time.Duration) (*funneltest.Server, *syncBuffer) {
	t.Helper()
	log := new(syncBuffer)
	state, server := open(t, path)
	e := newEmulator(server, "", slog.New(slog.NewTextHandler(log, nil)))
	e.state, e.saveEvery = state, saveEvery
	go e.keepTime(t.Context())
	go e.keepState(t.Context())
	return server, log
}

func TestChangesAreSavedWithinTheInterval(t *testing.T) {
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

// TestACampaignThatIsSentWhileNobodyCallsIsSaved would otherwise send it once
// more after a crash.
func TestACampaignThatIsSentWhileNobodyCallsIsSaved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	synctest.Test(t, func(t *testing.T) {
		server, _ := keep(t, path, 5*time.Second)
		client, ctx := server.Client(), t.Context()
		campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "news"})
		require.NoError(t, err)
		_, err = client.Campaigns.Schedule(ctx, campaign.ID, time.Now().Add(time.Hour))
		require.NoError(t, err)
		status := func() string {
			time.Sleep(5 * time.Second)
			synctest.Wait()
			var content struct {
				Campaigns struct {
					Rows []struct{ Status string }
				}
			}
			require.NoError(t, json.Unmarshal([]byte(read(t, path)), &content))
			require.Len(t, content.Campaigns.Rows, 1)
			return content.Campaigns.Rows[0].Status
		}
		require.Equal(t, "scheduled", status())
		time.Sleep(time.Hour)
		require.Equal(t, "sent", status())
	})
}

// TestACampaignThatBecameDueWhileTheProgramWasDownIsSent starts the program
// with one in its file, and calls nothing.
func TestACampaignThatBecameDueWhileTheProgramWasDownIsSent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	yesterday := time.Now().AddDate(0, 0, -1)
	server := funneltest.NewServer(funneltest.WithClock(func() time.Time { return yesterday }))
	campaign, err := server.Client().Campaigns.Create(t.Context(), funnel.CampaignCreateParams{Name: "news"})
	require.NoError(t, err)
	_, err = server.Client().Campaigns.Schedule(t.Context(), campaign.ID, yesterday.Add(time.Hour))
	require.NoError(t, err)
	_, err = openState(path, server)
	require.NoError(t, err)
	require.Contains(t, read(t, path), `"status":"scheduled"`)

	p := start(t, "-state", path, "-save-every", "1ms")
	eventually(t, "the campaign is sent", func() bool {
		return strings.Contains(read(t, path), `"status":"sent"`)
	})
	require.NotContains(t, p.log.String(), "request")
}

func TestASaveThatFailsIsLoggedAndTriedAgain(t *testing.T) {
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

func TestALastSaveThatFailsIsTheProgramsError(t *testing.T) {
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
