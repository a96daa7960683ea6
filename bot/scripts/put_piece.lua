-- One piece of the knowledge. It expires with its upload from the first moment: what does not expire may be dropped.
-- KEYS: archive   ARGV: number, piece, seconds
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
