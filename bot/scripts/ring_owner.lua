-- Who has the conversation is reminded that its customer waits for words.
-- KEYS: handoff, notes   ARGV: conversation, number, taken, since when the customer waits, note, news of the desk, session
--       seconds
-- Returns 0 where it is not due any more.
local kept = redis.call('HMGET', KEYS[1], 'number', 'state', 'taken', 'nudged')
if kept[1] ~= ARGV[2] or kept[2] ~= 'taken' or kept[3] ~= ARGV[3] or kept[4] == ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], 'nudged', ARGV[4])
redis.call('XADD', KEYS[2], '*', 'note', ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[7])
redis.call('PUBLISH', ARGV[6], '0 - ' .. ARGV[1])
return 1
