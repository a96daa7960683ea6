-- Say when a letter is due again, if this try at it is still the last one.
-- KEYS: errands, due
-- ARGV: key, try, milliseconds ('' = it is given up), language, why it was not sent ('' = it may be yet),
--       'GT' = only later than it is due already, 'CH' = whenever that is
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if not kept or string.match(kept, '^%d+') ~= ARGV[2] then return 0 end
redis.call('PERSIST', KEYS[1])  -- the first write: a Redis that is full allows it, and then the others
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  local now = redis.call('TIME')
  redis.call('ZADD', KEYS[2], ARGV[6], now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[3], ARGV[1])
end
local tries = ARGV[3] == '' and '0' or ARGV[2]  -- who tries it after all begins at the beginning
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], ARGV[1], tries .. ' ' .. ARGV[4] .. ' ' .. ARGV[5]) end
return 1
