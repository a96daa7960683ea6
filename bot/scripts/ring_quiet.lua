-- Who has the conversation does not answer: it goes back into the line, and the customer is to be told.
-- KEYS: handoff, staff, line for staff, handoffs, notes, facts, turn
-- ARGV: conversation, number, taken, answered ('' for never), since when the customer waits, step, the stage that it brings,
--       news of the desk, note, what is written down of it, session seconds, arrivals, an event id after all others
-- Returns 0 where it is not so any more.
--#include pieces/facts.lua
local kept = redis.call('HMGET', KEYS[1], 'number', 'state', 'taken', 'answered')
if kept[1] ~= ARGV[2] or kept[2] ~= 'taken' or kept[3] ~= ARGV[3] or (kept[4] or '') ~= ARGV[4] then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HINCRBY', KEYS[7], 'staffed', 1)
redis.call('HDEL', KEYS[1], 'owner', 'taken', 'answered', 'alerts', 'overdue')
redis.call('HSET', KEYS[1], 'state', 'waiting', 'since', ARGV[5], 'stage', ARGV[7], 'ringing', ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
redis.call('XADD', KEYS[5], '*', 'note', ARGV[9])
redis.call('EXPIRE', KEYS[5], ARGV[11])
write_down(KEYS[6], ARGV[10])
redis.call('PUBLISH', ARGV[12], ARGV[13] .. ' ' .. ARGV[1])
redis.call('PUBLISH', ARGV[8], '0 - ' .. ARGV[1])
return 1
