-- Say that a conversation is still being served: by the one who has the lease, and by nobody else.
-- KEYS: lease, ready   ARGV: owner, lease ms, group, consumer, token
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('XCLAIM', KEYS[2], ARGV[3], ARGV[4], 0, ARGV[5], 'JUSTID')
return 1
