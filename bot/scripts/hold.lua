-- Hold a lock for longer, or give it up, if it is ours. KEYS: lock   ARGV: holder, milliseconds (0: give it up)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
