-- Tell of something passing (a piece of text, a status) while the turn is in the making.
-- KEYS: turn, events   ARGV: fence, what, answers, how often staff had come or gone when it began
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
if (redis.call('HGET', KEYS[1], 'staffed') or '0') ~= ARGV[4] then return 0 end  -- nobody talks over a person
local id = redis.call('XADD', KEYS[2], '*', 'what', ARGV[2], 'answers', ARGV[3], 'passing', '1')
redis.call('PUBLISH', KEYS[2], id .. ' ' .. ARGV[3] .. ' ' .. ARGV[2])
return 1
