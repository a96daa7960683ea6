-- Put a parked message back into its mailbox, behind what waits there, as if it had been written now.
-- KEYS: parked, mailbox, ready, events, turn, delivery, outbox   ARGV: field, message, conversation, arrivals, thinking
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
local id = redis.call('XADD', KEYS[4], '*', 'what', ARGV[5], 'answers', '0-0', 'passing', '1')
redis.call('HSETNX', KEYS[5], 'since', id)
if redis.call('RPUSH', KEYS[2], id .. ' ' .. ARGV[2]) == 1 then
  redis.call('XADD', KEYS[3], '*', 'conversation', ARGV[3])
end
if redis.call('EXISTS', KEYS[6]) == 1 then
  redis.call('ZADD', KEYS[7], 0, ARGV[3])
  redis.call('PUBLISH', KEYS[7], '0 - ' .. ARGV[3])
end
redis.call('PUBLISH', ARGV[4], id .. ' ' .. ARGV[3])
return 1
