-- Take the clock that is due first, for as long as the lease.
-- KEYS: clocks   ARGV: time now, end of the lease
-- Returns the conversation; nil where nothing is due.
local first = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, 1)[1]
if not first then return nil end
redis.call('ZREM', KEYS[1], first)  -- the first write: a Redis that is full allows it, and then the others
redis.call('ZADD', KEYS[1], ARGV[2], first)
return first
