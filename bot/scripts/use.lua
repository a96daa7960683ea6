-- Count what was used in the current window. KEYS: counter   ARGV: at most, seconds, how many were used
-- Returns {0, or the seconds to wait; how many are left; the milliseconds until the window ends}.
local ends = redis.call('PTTL', KEYS[1])
-- a first write that a full Redis allows, so that what is accepted is answered then
if ends > 0 then redis.call('PEXPIRE', KEYS[1], ends) else redis.call('DEL', KEYS[1]) end
local count = redis.call('INCRBY', KEYS[1], ARGV[3])
if ends <= 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
local left = tonumber(ARGV[1]) - count
if left >= 0 then return {0, left, redis.call('PTTL', KEYS[1])} end
return {math.max(redis.call('TTL', KEYS[1]), 1), 0, 0}
