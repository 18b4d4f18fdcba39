package main

import (
	"sync"
	"time"
)

// The checkpoint is saved after so many rows, and every so often, since there
// may be no result for as long as the quota is used up.
const (
	saveRows     = 100
	saveInterval = time.Second
)

// save brings the rejects to the disk before the checkpoint that counts them,
// and with an API in memory what that has become.
func (im *importer) save() (err error) {
	if im.checkpoint.RejectsSize, err = im.rejects.sync(); err != nil {
		return err
	}
	if im.api.Fake != nil {
		if err := saveFake(im.api.Fake, fakeState(im.options)); err != nil {
			return err
		}
	}
	return im.checkpoint.save()
}

// saveRegularly saves at intervals until stop.
func (im *importer) saveRegularly() (stop func()) {
	var saver sync.WaitGroup
	over := make(chan struct{})
	saver.Go(func() {
		tick := time.NewTicker(saveInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				im.saving.Lock()
				if im.checkpoint.unsaved() > 0 {
					im.saveErr = im.save()
				}
				im.saving.Unlock()
			case <-over:
				return
			}
		}
	})
	return func() {
		close(over)
		saver.Wait()
	}
}
