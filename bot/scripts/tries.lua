-- Count one try in the current window. KEYS: counter   ARGV: at most, seconds. Returns 0, or the seconds to wait.
local left = redis.call('PTTL', KEYS[1])
-- a first write that a full Redis allows, so that what is accepted is answered then
if left > 0 then redis.call('PEXPIRE', KEYS[1], left) else redis.call('DEL', KEYS[1]) end
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
if count <= tonumber(ARGV[1]) then return 0 end
return math.max(redis.call('TTL', KEYS[1]), 1)
