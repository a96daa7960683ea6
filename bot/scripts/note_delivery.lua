-- Note how far what is delivered next has come. KEYS: delivery   ARGV: how far, session seconds
-- the first write: a Redis that is full allows it, and then the other
if redis.call('EXPIRE', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'noted', ARGV[1])
return 1
