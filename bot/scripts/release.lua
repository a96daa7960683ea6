-- Give a conversation up: no lease, and a token that looks abandoned, so that the next worker claims it.
-- KEYS: lease, ready   ARGV: owner, group, consumer, token, lease ms
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], 0, ARGV[4], 'IDLE', ARGV[5], 'JUSTID')
return 1
