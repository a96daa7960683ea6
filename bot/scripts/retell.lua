-- Note that a telling was corrected, unless the customer was told something else since, or has it all forgotten.
-- KEYS: told, tellings, tellings by time
-- ARGV: passage, conversation, "version event" before, "version event" now, time now, session seconds
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[3] then return 0 end
local before = ARGV[1] .. '\n' .. ARGV[3] .. '\n' .. ARGV[2]
local now = ARGV[1] .. '\n' .. ARGV[4] .. '\n' .. ARGV[2]
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('ZREM', KEYS[2], before)
redis.call('ZREM', KEYS[3], before)
redis.call('ZADD', KEYS[2], 0, now)
redis.call('ZADD', KEYS[3], ARGV[5], now)
return 1
