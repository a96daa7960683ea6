-- Put a new one-time code in the place of the old one, unless that was made a moment ago and not tried.
-- KEYS: code   ARGV: hash, salt, target, seconds it lives, seconds it is too new to be replaced. Returns 1 when done.
local old = redis.call('HMGET', KEYS[1], 'target', 'made', 'tried', 'used')
local now = tonumber(redis.call('TIME')[1])
if old[1] == ARGV[3] and old[3] == '' and old[4] == '' and now - old[2] < tonumber(ARGV[5]) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'hash', ARGV[1], 'salt', ARGV[2], 'target', ARGV[3], 'made', now, 'tried', '', 'used', '')
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
