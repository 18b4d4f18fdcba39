-- One exchange of a process with the quota that all processes share. It takes
-- note of how requests ended and grants slots for new ones. Times are in
-- milliseconds, by the clock of Redis.
--
-- KEYS[1]  slots: a sorted set of slot ids, scored by when they are free
-- KEYS[2]  state: JSON, see below
--
-- ARGV[1]   slots of the quota
-- ARGV[2]   per: how long the server counts a request
-- ARGV[3]   grace: how much longer a request without a response is counted
-- ARGV[4]   term: how long a slot is taken without a report
-- ARGV[5]   longest pause
-- ARGV[6]   name of the process
-- ARGV[7]   slots wanted for interactive calls
-- ARGV[8]   slots wanted for background calls
-- ARGV[9]   number of the first slot wanted; its id is the name and the number
-- ARGV[10]  interactive calls that came since the last exchange
-- ARGV[11]  pause for this long; 0: no pause
-- ARGV[12]  1: the process has slots to report that Redis has never heard of
-- ARGV[13]  what the process last heard: when the state began (0: it has heard nothing)
-- ARGV[14]  ... slots granted since then
-- ARGV[15]  ... slots taken
-- ARGV[16], ...  reports of six values each: slot id; how long it is still taken
--           (0: free); time since the request was sent; HTTP status (0: no
--           response); Remaining header (-1: none); length of the server's window
--
-- Returns the slots granted for interactive and for background calls, how long
-- each kind has to wait for the next one, the slots taken, the rest of the pause,
-- how long nothing is granted because of that or otherwise, whether data was lost, the urgency of reports, when the state began and the slots
-- granted since then.

local slots, state = KEYS[1], KEYS[2]
local limit, per, grace, term = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local longest_pause = tonumber(ARGV[5])
local me = ARGV[6]
local want = {i = tonumber(ARGV[7]), b = tonumber(ARGV[8])}
local first = tonumber(ARGV[9])
local arrived = tonumber(ARGV[10])
local pausing = tonumber(ARGV[11])
local settle = ARGV[12] == '1'
local known_epoch, known_given, known_used = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- st.at      time of the last exchange
-- st.epoch   when the state began
-- st.given   slots granted since then
-- st.fresh   the same, in the first term
-- st.paused  end of the pause
-- st.settled nothing is granted before: processes report what Redis does not know
-- st.ramp    after a pause: requests that may be under way; grows with each success
-- st.fast, st.slow  interactive calls of the last 10 s and of the last minute
-- st.queue   processes whose calls wait, by name: slots wanted (i, b) and allotted
--            (gi, gb), turn (the lowest is served first), expiry
-- The window that the server's headers describe, as in internal/quota: st.turns,
-- st.since, st.first, st.left, st.ours, st.share, st.prior.
-- The size learned from rejections without headers, as in internal/quota: st.size,
-- st.cut, st.growth, st.step, st.grown.
local st = cjson.decode(redis.call('GET', state) or '{}')
if (st.at or 0) > now + 1000 then -- the clock was set back
  st = {epoch = st.epoch, given = st.given, paused = math.min(st.paused or 0, now + longest_pause)}
end
if not st.epoch then
  st.epoch, st.given, st.fresh = now, 0, 0
end
st.share = st.share or 1

if pausing > 0 and now + pausing > (st.paused or 0) then
  st.paused, st.ramp = now + pausing, 1
end

redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', slots, '(' .. (now + term), '+inf')) do
  redis.call('ZADD', slots, now + term, id) -- the clock was set back
end

-- Slots that were taken and are not known here are lost: Redis has restarted
-- without its data, or a replica has taken over that did not have the newest. They
-- count as taken until the server has forgotten their requests.
local missing = 0
if known_epoch == st.epoch then
  missing = math.min(known_given - st.given, known_used)
  st.given = math.max(st.given, known_given)
elseif known_epoch > 0 then
  missing = known_used - (redis.call('ZCARD', slots) - (st.fresh or 0))
end
local lost = missing > 0 and 1 or 0
for n = 1, math.min(missing, limit) do
  redis.call('ZADD', slots, now + per, 'lost.' .. me .. '.' .. now .. '.' .. n)
end
if settle or lost == 1 and now > (st.settled or 0) + per then -- others may have more to report
  st.settled = now + math.min(3000, per)
end

-- Requests under way are the slots that are taken for longer than any response
-- would take them.
local under_way = now + per + grace
local flying = redis.call('ZCOUNT', slots, '(' .. under_way, '+inf')

-- observe takes note of a Remaining header. More requests left than those under
-- way can explain is a new window; a request sent before the window is a late
-- response of the last one.
local function observe(at, sent, remaining, window)
  if sent >= (st.turns or 0) or sent >= st.since and remaining > st.left + st.ours + flying + 10 then
    st.turns, st.since, st.first, st.left, st.ours, st.prior = at + window, sent, remaining, remaining, 0, st.share
  elseif sent >= st.since then
    st.ours, st.left = st.ours + 1, math.min(st.left, remaining)
    local ours = st.ours + flying
    st.share = (ours + st.prior * 20) / (math.max(ours, st.first - st.left) + 20)
  end
end

-- shrink takes note of a rejection that no header explains: others use the rest.
-- When hardly anything was ours, only a second rejection in a row counts.
local function shrink(sent)
  local accepted = redis.call('ZCARD', slots) - flying
  if st.cut and sent <= st.cut or accepted >= limit - math.floor(limit / 50) then
    return
  end
  local again = st.cut and now <= st.cut + 3 * per
  st.cut = now
  if again or accepted >= math.floor(limit / 10) then
    st.size = math.max(1, math.floor(limit / 20), accepted - math.floor(accepted / 50))
    st.growth, st.step, st.grown = now + 3 * per, math.max(1, math.floor(limit / 100)), 0
  end
end

for n = 16, #ARGV, 6 do
  local id, hold, sent = ARGV[n], tonumber(ARGV[n + 1]), now - ARGV[n + 2]
  local status, remaining, window = tonumber(ARGV[n + 3]), tonumber(ARGV[n + 4]), tonumber(ARGV[n + 5])
  local is_new = tonumber(redis.call('ZSCORE', slots, id) or 0) > under_way -- else it was reported before
  if is_new then
    flying = flying - 1
  end
  if hold > 0 then
    redis.call('ZADD', slots, now + hold, id)
    if now + hold > under_way then
      flying = flying + 1
    end
  else
    redis.call('ZREM', slots, id)
  end
  if is_new and status > 0 then
    if status == 429 then
      if remaining < 0 and now >= (st.turns or 0) then
        shrink(sent)
      end
    else
      if st.cut and st.size and sent <= st.cut then
        st.size = st.size + 1
      end
      if st.ramp and sent >= (st.paused or 0) then
        st.ramp = st.ramp + 1
        if 4 * st.ramp > limit then
          st.ramp = nil
        end
      end
    end
    if remaining >= 0 then
      observe(status == 429 and now or now + hold - per, sent, remaining, window)
    end
  end
end

while st.size and st.size < limit and now >= st.growth do
  st.size, st.growth, st.grown = st.size + st.step, st.growth + per, st.grown + 1
  if st.grown >= 5 then
    st.step = st.step * 2
  end
end
local size = math.min(st.size or limit, limit)
local used = redis.call('ZCARD', slots)

-- For how many interactive calls per second slots are reserved, as in
-- internal/quota.
local passed = now - (st.at or now)
st.slow = (st.slow or 0) * math.exp(-passed / 60000) + arrived
st.fast = (st.fast or 0) * math.exp(-passed / 10000) + arrived
local rate = math.min(math.max(2, 1.25 * st.slow / 60, 1.25 * st.fast / 10) / 1000, 0.6 * size / per) -- per ms

-- How many requests more may be under way, by the server's word and after a pause.
local room, spent = limit, 0
if st.left and now < st.turns then
  local most = math.floor(math.min(st.share * st.share * st.left, limit))
  if st.left >= 20 then
    most = math.max(1, most)
  end
  room = most - flying
  if most == 0 then
    spent = st.turns - now
  end
elseif st.left then
  room = math.max(1, math.ceil(st.share * limit)) - flying
end
if st.ramp then
  local more = st.ramp - flying
  if more <= 0 and now > (st.admitted or 0) + 3000 then
    more = 1 -- the others hang
  end
  room = math.min(room, more)
end

-- The queue. Slots are allotted to all waiting processes in turn, so that those
-- that are farther away get as many. Each finds its slots when it asks next.
local queue = st.queue or {}
local function turn()
  st.turn = (st.turn or 0) + 1
  return st.turn
end
local q = queue[me] or {gi = 0, gb = 0, t = turn()}
queue[me] = q
q.till = now + per / 10 + 2000
local pause = math.max(0, (st.paused or 0) - now)
local hold = math.max(0, pause, (st.settled or 0) - now) -- nothing is granted for so long
local granted = {i = 0, b = 0}
local function grant(kind, n, number)
  for _ = 1, n do
    redis.call('ZADD', slots, now + term, me .. '.' .. (number + granted[kind]))
    granted[kind] = granted[kind] + 1
  end
end
local start = {i = first, b = first + want.i}
local asked = {i = want.i, b = want.b}
for _, kind in ipairs({'i', 'b'}) do
  -- Slots that were granted before, in a reply that was lost.
  while granted[kind] < asked[kind] and redis.call('ZSCORE', slots, me .. '.' .. (start[kind] + granted[kind])) do
    granted[kind] = granted[kind] + 1
  end
  q[kind] = asked[kind] - granted[kind]
  q['g' .. kind] = math.min(q['g' .. kind], q[kind])
  q[kind] = q[kind] - q['g' .. kind]
end
local allotted, background = 0, 0
for name, e in pairs(queue) do
  if e.till < now then
    queue[name] = nil
  else
    if hold > 0 then
      e.i, e.b, e.gi, e.gb = e.i + e.gi, e.b + e.gb, 0, 0
    end
    allotted = allotted + e.gi + e.gb
    background = background + e.b
  end
end

-- allot gives up to n slots to waiting processes and returns what is left of n.
local function allot(n, kind)
  local waiting = {}
  for _, e in pairs(queue) do
    if e[kind] > 0 then
      waiting[#waiting + 1] = e
    end
  end
  table.sort(waiting, function(x, y) return x.t < y.t end)
  while n >= 1 and #waiting > 0 do
    local again = {}
    for _, e in ipairs(waiting) do
      if n >= 1 then
        n, allotted = n - 1, allotted + 1
        e[kind], e['g' .. kind], e.t = e[kind] - 1, e['g' .. kind] + 1, turn()
        if e[kind] > 0 then
          again[#again + 1] = e
        end
      end
    end
    waiting = again
  end
  return n
end

-- beyond returns how many slots are free beyond those reserved for interactive
-- calls, as in internal/quota: at any time from now on, those that are free and
-- those that come free until then suffice for the calls expected until then.
local function beyond()
  local spare = math.floor(size / 148)
  local free = size - used - allotted - spare
  local n = free - rate * per -- those that stay free suffice for a whole window
  if n < background then
    local most, before = size - flying - spare + 1 - rate * per, 0
    for part = 1, 30 do
      local freed = redis.call('ZCOUNT', slots, '-inf', now + part * per / 30)
      if freed > before then
        most = math.min(most, free + before + 1 - rate * part * per / 30)
      end
      before = freed
    end
    n = math.max(n, most)
  end
  if st.left and now < st.turns and st.share >= 0.9 then -- with others on the key there is nothing to reserve
    n = math.min(n, st.left - flying + 1 - rate * (st.turns - now))
  end
  return n
end

local reserve = limit
if hold == 0 then
  allot(math.min(size - used, room) - allotted, 'i')
  if background > 0 then
    reserve = beyond()
    local n = math.min(math.min(size - used, room) - allotted, reserve)
    reserve = reserve - n + allot(n, 'b')
  end
end
grant('i', q.gi, first)
grant('b', q.gb, first + want.i)
used, flying, room = used + q.gi + q.gb, flying + q.gi + q.gb, room - q.gi - q.gb
allotted = allotted - q.gi - q.gb
if q.gi + q.gb > 0 then
  st.admitted, st.given = now, st.given + q.gi + q.gb
  st.fresh = st.fresh and now < st.epoch + term and st.fresh + q.gi + q.gb or nil
end
q.gi, q.gb = 0, 0

-- How long until the next slot, if nothing changes: that of the process's turn.
local wait = {i = 0, b = 0}
for _, kind in ipairs({'i', 'b'}) do
  if q[kind] > 0 then
    local ahead = 0
    for _, e in pairs(queue) do
      if e[kind] > 0 and e.t < q.t then
        ahead = ahead + 1
      end
      if kind == 'b' then
        ahead = ahead + e.i
      end
    end
    local over = used + allotted - size + ahead
    if over >= 0 then
      local free = redis.call('ZRANGE', slots, over, over, 'WITHSCORES')
      wait[kind] = math.min(free[2] and free[2] - now or per, per)
    end
    if kind == 'b' then
      wait.b = math.max(wait.b, math.min(math.ceil((1 + ahead - reserve) / rate), per))
    end
    wait[kind] = math.max(wait[kind], hold, spent, per / 2400, 1) -- slots gather meanwhile
    if hold == 0 and spent == 0 and room <= allotted then -- a response of any process helps
      wait[kind] = math.max(wait[kind], 100)
    end
  end
end
if q.i + q.b == 0 then
  queue[me] = nil
end
st.queue = queue

-- How soon others need to know of responses: 0, not before the next exchange; 1,
-- soon; 2, at once.
local urgency = 1
if st.ramp or st.left and (st.share < 0.9 and 4 * room < limit or room <= 0 and used < size) then
  urgency = 2
elseif next(queue) == nil and 2 * used < size and st.share >= 0.9 and not (st.left and 2 * room < limit) then
  urgency = 0
end

st.at = now
redis.call('SET', state, cjson.encode(st), 'PX', math.ceil(math.max(term, 10 * per, pause)))
if used > 0 then
  redis.call('PEXPIRE', slots, math.ceil(term))
end
return {granted.i, granted.b, wait.i, wait.b, used, pause, hold, lost, urgency, st.epoch, st.given}
