-- Store one message: once by its id, behind the others of its conversation, and wake a worker.
-- KEYS: dedupe, mailbox, ready, events   ARGV: message, said, conversation, arrivals, dedupe seconds, session seconds
local seen = redis.call('GET', KEYS[1])
if seen then return seen end
local id = redis.call('XADD', KEYS[4], '*', 'what', ARGV[2])
redis.call('EXPIRE', KEYS[4], ARGV[6])
redis.call('SET', KEYS[1], id, 'EX', ARGV[5])
if redis.call('RPUSH', KEYS[2], id .. ' ' .. ARGV[1]) == 1 then
  redis.call('XADD', KEYS[3], '*', 'conversation', ARGV[3])
end
redis.call('PUBLISH', KEYS[4], id .. '  ' .. ARGV[2])
redis.call('PUBLISH', ARGV[4], id .. ' ' .. ARGV[3])
return id
