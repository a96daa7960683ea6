-- Take a letter out of the book. KEYS: errands, due, sent   ARGV: key, seconds to remember that it was sent (0: it was not)
redis.call('ZREM', KEYS[2], ARGV[1])
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[3], '1', 'EX', ARGV[2]) end
return redis.call('HDEL', KEYS[1], ARGV[1])
