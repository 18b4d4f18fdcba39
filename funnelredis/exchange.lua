-- Takes and gives up slots of one quota. All moments are in microseconds, by
-- Redis' clock.
--
-- KEYS[1]  the slots: a sorted set of ids, scored by when they come free
-- KEYS[2]  until when nobody may have a slot
--
-- ARGV[1]  how many slots there are
-- ARGV[2]  how long the server counts a request
-- ARGV[3]  for how long a slot is taken of which nothing more is heard
-- ARGV[4]  how long a pause is at most
-- ARGV[5]  the id of a slot that is wanted, or ''
-- ARGV[6]  how long everybody is to pause, or 0
-- ARGV[7]  the id of a slot that must still be taken ...
-- ARGV[8]  ... until this moment, or 0
-- ARGV[9], ARGV[10], ...  id and time: the slot is taken for that much longer;
--                         0: it is free
--
-- Returns whether the slot is granted, else how long it takes at least, then
-- how many are taken, for how long everybody pauses, and the time.

local slots, pause = KEYS[1], KEYS[2]
local limit, per, term = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local longest = tonumber(ARGV[4])
local wanted, pausing = ARGV[5], tonumber(ARGV[6])
local witness, present = ARGV[7], tonumber(ARGV[8])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local paused = tonumber(redis.call('GET', pause) or 0)
local till = 0
if paused > now + longest then -- the clock was set back
  paused, till = 0, now + longest
end
if pausing > 0 then
  till = math.max(till, now + pausing)
end
-- Entries are lost: pause for as long as the server may count what they stood
-- for. Nobody's witness outlasts that, so this is not found out a second time.
if present > now and present > paused and not redis.call('ZSCORE', slots, witness) then
  till = math.max(till, now + per)
end
if till > paused then
  paused = till
  redis.call('SET', pause, string.format('%.0f', till), 'PX', math.ceil((till - now) / 1000))
end

for i = 9, #ARGV, 2 do
  local hold = tonumber(ARGV[i + 1])
  if hold > 0 then
    redis.call('ZADD', slots, string.format('%.0f', now + hold), ARGV[i])
  else
    redis.call('ZREM', slots, ARGV[i])
  end
end
redis.call('ZREMRANGEBYSCORE', slots, '-inf', string.format('%.0f', now))
local last = string.format('%.0f', now + term)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', slots, '(' .. last, '+inf')) do
  redis.call('ZADD', slots, last, id) -- the clock was set back
end

local used = redis.call('ZCARD', slots)
local granted, wait = 0, 0
if wanted ~= '' then
  if paused > now then
    wait = paused - now
  elseif redis.call('ZSCORE', slots, wanted) then
    granted = 1 -- by a call whose reply was lost
  elseif used < limit then
    redis.call('ZADD', slots, string.format('%.0f', now + term), wanted)
    granted, used = 1, used + 1
  else
    -- A request under way is answered before its term is over, and then holds
    -- its slot for another per.
    local first = redis.call('ZRANGE', slots, 0, 0, 'WITHSCORES')
    wait = math.min(tonumber(first[2]) - now, per)
  end
end
if used > 0 then
  redis.call('PEXPIRE', slots, math.ceil(term / 1000))
end
return {granted, wait, used, math.max(0, paused - now), now}
