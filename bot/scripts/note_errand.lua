-- Note a letter that is to be sent, once. What nobody has begun on becomes due earlier where the deed is done,
-- and later where it is only about to be done, once more.
-- KEYS: errands, due, sent   ARGV: key, language, milliseconds until it is due
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('PERSIST', KEYS[1])  -- the first write: a Redis that is full allows it, and then the others
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[3]
if redis.call('HSETNX', KEYS[1], ARGV[1], '0 ' .. ARGV[2]) == 1 then
  redis.call('ZADD', KEYS[2], at, ARGV[1])
  return 1
end
if string.sub(redis.call('HGET', KEYS[1], ARGV[1]), 1, 2) == '0 ' then
  redis.call('ZADD', KEYS[2], 'XX', ARGV[3] == '0' and 'LT' or 'GT', at, ARGV[1])
end
return 0
