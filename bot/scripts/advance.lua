-- A number that only grows. KEYS: bookmarks   ARGV: name, digits without leading zeros
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if #ARGV[2] > #before or (#ARGV[2] == #before and ARGV[2] > before) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return 1
