-- Take the letter that is due first, for as long as the lease. KEYS: errands, due   ARGV: milliseconds of the lease
-- Returns {key, try, language}, or the milliseconds until one is due; -1 where none waits.
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if not first[1] then return -1 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if tonumber(first[2]) > now then return tonumber(first[2]) - now end
redis.call('PERSIST', KEYS[1])  -- the first write: a Redis that is full allows it, and then the others
local try, language = string.match(redis.call('HGET', KEYS[1], first[1]) or '', '^(%d+) (%S+)')
if not try then return redis.call('ZREM', KEYS[2], first[1]) end  -- it was taken out of the book by hand
try = math.floor(try + 1)
redis.call('HSET', KEYS[1], first[1], try .. ' ' .. language)
redis.call('ZADD', KEYS[2], now + ARGV[1], first[1])
return {first[1], try, language}
