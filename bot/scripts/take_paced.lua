-- Take one out of each bucket, or none: GCRA, in milliseconds by Redis' clock.
-- KEYS: for each bucket when it is full again, and whether it is held   ARGV: spare share, then per bucket: ms each, at once
-- Returns 0 when taken, else the milliseconds until it may be.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local wait, full = 0, {}
for i = 1, #KEYS / 2 do
  local each, at_once = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local from = math.max(tonumber(redis.call('GET', KEYS[2 * i - 1]) or 0), now)
  full[i] = from + each
  wait = math.max(wait, full[i] - now - each * at_once * (1 - ARGV[1]), redis.call('PTTL', KEYS[2 * i]))
end
if wait > 0 then return math.ceil(wait) end
for i = 1, #KEYS / 2 do
  redis.call('DEL', KEYS[2 * i - 1])  -- the first write: a Redis that is full allows it, and then the others
  redis.call('SET', KEYS[2 * i - 1], string.format('%.3f', full[i]), 'PX', math.max(1, math.ceil(full[i] - now)))
end
return 0
