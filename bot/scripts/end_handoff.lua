-- Staff are done with a conversation: the bot answers again, and the conversation hears of it as of every message
-- (accept.lua), in the same step.
-- KEYS: events, staff, line for staff, handoff, handoffs, clocks, notes, facts, turn, mailbox, ready, delivery, outbox
-- ARGV: conversation, login ('*' for whoever has it), message that says so, session seconds, arrivals, what is said,
--       news of the desk, what is written down of it, its note, '1' where it is said even when nothing is open
-- Returns {'none'} where there is no such conversation, {'other', login} where somebody else has it, {'over'} where
-- nothing is open, {'ended', number}.
--#include pieces/deed.lua
if redis.call('EXISTS', KEYS[1]) == 0 then return {'none'} end
local owner = redis.call('GET', KEYS[2])
if owner and ARGV[2] ~= '*' and owner ~= ARGV[2] then return {'other', owner} end
local known = known_of(KEYS[4])
redis.call('DEL', KEYS[2], KEYS[4])
redis.call('HINCRBY', KEYS[9], 'staffed', 1)
for _, line in ipairs({KEYS[3], KEYS[5], KEYS[6]}) do redis.call('ZREM', line, ARGV[1]) end
if known[1] then
  note_deed(ARGV[9], ARGV[4], ARGV[8], known)
elseif ARGV[10] ~= '1' then
  return {'over'}
end
hear(ARGV[1], ARGV[6], ARGV[3], ARGV[4], ARGV[5], ARGV[7])
return known[1] and {'ended', known[1]} or {'over'}
