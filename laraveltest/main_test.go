package laraveltest_test

import (
	"io/fs"
	"log"
	"os"
	"testing"

	"github.com/funnel-go/funnel/laraveltest"
)

func TestMain(m *testing.M) {
	if encoded := os.Getenv(jobVariable); encoded != "" {
		if err := jobMain(encoded); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := readApplication(); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	if err := laraveltest.Stop(); err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

// readApplication reads the files that PHP runs, so that "go test" does not
// reuse a result from before they were changed.
func readApplication() error {
	files := os.DirFS(".")
	if _, err := fs.ReadFile(files, "server.sh"); err != nil {
		return err
	}
	return fs.WalkDir(files, "api", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		_, err = fs.ReadFile(files, path)
		return err
	})
}
