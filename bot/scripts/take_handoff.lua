-- Staff take a conversation, or it is given to one of them: from now on the bot is silent, and the conversation hears of it
-- as of every message (accept.lua), in the same step.
-- KEYS: events, staff, line for staff, handoff, handoffs, clocks, notes, facts, turn, mailbox, ready, delivery, outbox
-- ARGV: conversation, login, message that says so, time now, session seconds, arrivals, what is said, news of the desk,
--       from whom it may be taken ('' for nobody, '*' for anybody), what is written down of it, its note,
--       (field, value)... of a handoff that begins with this
-- Returns {'none'} where there is no such conversation, {'other', login} where somebody else has it,
-- {'mine'} where this one had it already, {'taken', number}.
--#include pieces/deed.lua
if redis.call('EXISTS', KEYS[1]) == 0 then return {'none'} end
local owner = redis.call('GET', KEYS[2])
if owner == ARGV[2] and redis.call('EXISTS', KEYS[4]) == 1 then return {'mine'} end
if owner and owner ~= ARGV[2] and ARGV[9] ~= '*' and ARGV[9] ~= owner then return {'other', owner} end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[5])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HINCRBY', KEYS[9], 'staffed', 1)
if redis.call('EXISTS', KEYS[4]) == 0 then
  redis.call('HSET', KEYS[4], 'number', redis.call('HINCRBY', KEYS[9], 'handoffs', 1), 'since', ARGV[4], unpack(ARGV, 12))
  redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])
end
redis.call('HSET', KEYS[4], 'state', 'taken', 'owner', ARGV[2], 'taken', ARGV[4])
redis.call('HDEL', KEYS[4], 'overdue')
redis.call('EXPIRE', KEYS[4], ARGV[5])
redis.call('ZADD', KEYS[6], ARGV[4], ARGV[1])
local known = known_of(KEYS[4])
note_deed(ARGV[11], ARGV[5], ARGV[10], known)
hear(ARGV[1], ARGV[7], ARGV[3], ARGV[5], ARGV[6], ARGV[8])
return {'taken', known[1]}
