// Package funnelredis is a rate limiter for several processes that use the same API
// key. It counts their requests in Redis.
//
//	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
//	limiter, err := funnelredis.New(rdb, apiKey)
//	client, err := funnel.New(apiKey, funnel.WithLimiter(limiter))
//
// # Guarantees
//
//   - All processes together never send more than 600 requests in any 60 s. A long job uses at least 97 % of the quota, also with Redis 150 ms
//     away.
//   - Interactive calls of all processes go before background calls: those of the bulk
//     methods, of All and with [funnel.InBackground]. Slots are reserved for two
//     interactive calls a second, and for more if more come.
//   - Waiting processes get slots in turn. Within a process and a priority, calls get
//     them in their order.
//   - A 429 pauses all processes.
//   - Other programs with the same key are detected by the quota headers or, without
//     headers, by rejections. All processes together leave them their share, as the
//     client's own limiter does.
//
// # Slots
//
// A request holds a slot from before it is sent until 60 s after its response, because
// the API has counted it before the response. A request that was not sent, or was rejected, frees its slot at
// once. If a process dies, the slots of its requests are free after their lease: see
// [WithLease].
//
// The slots are a sorted set in Redis, scored by when they are free: an exact sliding
// window. A second key holds the rest of the state. One Lua script does everything,
// by the clock of Redis. If that clock is set forward, slots are free too early. If
// it is set back, slots are taken for longer, but not longer than after a crash.
//
// redis_rate, the common limiter on go-redis, is a GCRA: it has an even rate r and a
// burst b. r+b must not exceed 600. So a large burst leaves much of the quota unused,
// and a small burst makes short jobs slow. It counts requests when they leave, not
// when they arrive, and a slot cannot be returned.
//
// # Cost
//
// An exchange with Redis is one command: it reports the responses since the last
// exchange and requests a slot for each waiting call. A call costs at most one command
// on average, and less if many calls are made at once. A waiting process repeats the
// exchange when its turn can come, at least every 6 s. After its last call it sends one
// more command, at most 30 s later. One goroutine does all this. It ends when nothing is
// left to do.
//
// # Failures of Redis
//
// If an exchange fails or takes longer than 2 s, it is repeated after 50 ms, and then
// less often, up to once a second. Calls wait for [WithPatience]. After that Redis is
// lost: calls fail immediately with [ErrUnavailable] or, if [WithFallback] is set, go on
// within a share of the quota. Redis is used again as soon as it responds.
//
// If Redis has lost data, because it restarted or a replica took over that did not
// have the newest writes, the processes notice. A slot whose state is lost counts as
// used for 60 s, and nothing is sent for 3 s. The same 3 s follow a fallback.
package funnelredis
