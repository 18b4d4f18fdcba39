package funnelredis

import (
	"flag"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// TestMain makes worker processes out of the test binary.
func TestMain(m *testing.M) {
	redis.SetLogger(&logging.VoidLogger{}) // or it prints each failed connection
	if config := os.Getenv(workerVariable); config != "" {
		os.Exit(work(config))
	}
	_ = flag.Set("test.parallel", "6") // by default: most tests wait for other programs
	flag.Parse()
	code := m.Run()
	_ = os.Remove(emulatorProgram) // it may not have been built
	os.Exit(code)
}
