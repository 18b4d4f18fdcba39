// Package funnelredis keeps any number of processes that use the same API key
// within the key's one quota, by counting in Redis.
//
//	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
//	limiter, err := funnelredis.New(rdb, apiKey)
//	client, err := funnel.New(apiKey, funnel.WithLimiter(limiter))
//
// # What it promises
//
// All processes together never send more than 600 requests in any 60 s, as the
// API counts them, and a long job uses 98 % of that or more. A 429 that one
// process sees pauses all of them, and so does an answer that leaves nothing of
// the quota, since it tells of programs that do not count here. Within a
// process, calls get their turn in the order in which they came.
//
// A slot is taken from before its request is sent until 60 s after its answer
// came, as in the client's own limiter: the API has counted the request by
// then. A request that was surely not sent, or was refused, gives its slot back
// at once. The slots of a process that has crashed come free by themselves: see
// [WithLease].
//
// # Why not redis_rate
//
// The known limiter on go-redis, redis_rate, is a GCRA: a bucket that fills
// evenly and lets a burst through when it is full. A full bucket of b and a rate
// of r a minute make b+r requests in the first minute, so that the two together
// must not exceed 600: with a burst of 300, half of the quota is never used
// again; with a small burst, a job of 500 calls takes most of a minute instead
// of seconds. It also counts requests when they ask to leave, not when the API
// has seen them, so that the network's jitter can push some of them over the
// limit; and it has no way to give a slot back. So the slots are a sorted set
// here, one entry for each request with the moment at which it comes free, kept
// by one Lua script: a sliding window that is exact, by Redis' own clock, and
// costs about 75 KB of Redis' memory for the API's 600. A clock that is set
// forward frees slots too early; one that is set back keeps none for longer than
// a crash would.
//
// # When Redis is away
//
// A call that finds Redis away waits for it up to [WithPatience], so that none
// is lost when Redis restarts. After that, calls fail at once with
// [ErrUnavailable], or go on within a share of the quota: see [WithFallback].
// Either way Redis is asked about once a second, as long as there is a need
// for it, and taken up again as soon as it answers. A call that comes later than
// that begins with Redis again.
//
// Where Redis comes back without its data, or with old data, the processes
// notice by the entries that are missing, and nothing is sent for as long as the
// lost ones would have counted: a minute at most. A Redis that keeps its data
// (appendonly yes) goes on where it stopped.
//
// # Cost
//
// A call costs two small scripts, one to take a slot and one to give it up; the
// latter is not waited for. A process whose calls have to wait asks when the
// next slot comes free, and at least every three seconds. It does so from one
// goroutine, which ends with the work. Redis 5 or newer is needed; a cluster
// works, since both keys of an API key are in one slot.
package funnelredis
