-- Nothing is taken from a bucket for so long. KEYS: whether it is held   ARGV: milliseconds
redis.call('DEL', KEYS[1])  -- the first write: a Redis that is full allows it, and then the other
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 1
