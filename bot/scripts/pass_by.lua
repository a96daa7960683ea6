-- Tell of something that only those who are listening now need to know.
-- KEYS: events   ARGV: what
local id = redis.call('XADD', KEYS[1], '*', 'what', ARGV[1], 'answers', '0-0', 'passing', '1')  -- for its id
redis.call('XDEL', KEYS[1], id)
redis.call('PUBLISH', KEYS[1], id .. ' 0-0 ' .. ARGV[1])
return id
