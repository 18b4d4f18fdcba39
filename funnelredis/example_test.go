package funnelredis_test

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelredis"
)

func Example() {
	ctx := context.Background()
	apiKey := os.Getenv("FUNNEL_API_KEY")

	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer rdb.Close()
	limiter, err := funnelredis.New(rdb, apiKey)
	if err != nil {
		log.Fatal(err)
	}
	client, err := funnel.New(apiKey, funnel.WithLimiter(limiter))
	if err != nil {
		log.Fatal(err)
	}

	if _, err := client.Tags.List(ctx, funnel.TagListParams{}); err != nil {
		log.Fatal(err)
	}

	// Free the slots of a program that ends as early as possible.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := limiter.Flush(ctx); err != nil {
		log.Print(err)
	}
}

// With four processes, each goes on with a quarter of the quota while Redis is lost.
func ExampleWithFallback() {
	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer rdb.Close()
	_, err := funnelredis.New(rdb, os.Getenv("FUNNEL_API_KEY"),
		funnelredis.WithPatience(2*time.Second),
		funnelredis.WithFallback(1.0/4),
	)
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleLimiter_Observe() {
	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer rdb.Close()
	limiter, err := funnelredis.New(rdb, os.Getenv("FUNNEL_API_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	limiter.Observe(func(e funnel.LimiterEvent) {
		log.Printf("rate limiter: %s %v", e.Kind, e.Err)
	})
}
