-- Staff are done with a conversation: the bot answers again, and the conversation hears of it as of every message
-- (accept.lua), in the same step.
-- KEYS: events, staff, line for staff, handoff, handoffs, clocks, notes, facts, turn, mailbox, ready, delivery, outbox
-- ARGV: conversation, login ('*' for whoever has it), message that says so, session seconds, arrivals, what is said,
--       news of the desk, what is written down of it, its note, '1' where it is said even when nothing is open
-- Returns {'none'} where there is no such conversation, {'other', login} where somebody else has it, {'over'} where
-- nothing is open, {'ended', number}.
if redis.call('EXISTS', KEYS[1]) == 0 then return {'none'} end
local owner = redis.call('GET', KEYS[2])
if owner and ARGV[2] ~= '*' and owner ~= ARGV[2] then return {'other', owner} end
local kept = redis.call('HMGET', KEYS[4], 'number', 'since', 'reason', 'channel', 'language')
redis.call('DEL', KEYS[2], KEYS[4])
redis.call('HINCRBY', KEYS[9], 'staffed', 1)
for _, line in ipairs({KEYS[3], KEYS[5], KEYS[6]}) do redis.call('ZREM', line, ARGV[1]) end
if kept[1] then
  redis.call('XADD', KEYS[7], '*', 'note', ARGV[9])
  redis.call('EXPIRE', KEYS[7], ARGV[4])
  local fact = cjson.decode(ARGV[8])
  fact.number, fact.since, fact.reason, fact.channel = tonumber(kept[1]), tonumber(kept[2]), kept[3], kept[4]
  fact.language = kept[5] or ''
  redis.call('XADD', KEYS[8], 'MAXLEN', '~', 200000, '*', 'fact', cjson.encode(fact))
elseif ARGV[10] ~= '1' then
  return {'over'}
end
local id = redis.call('XADD', KEYS[1], '*', 'what', ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[4])
if redis.call('RPUSH', KEYS[10], id .. ' ' .. ARGV[3]) == 1 then
  redis.call('XADD', KEYS[11], '*', 'conversation', ARGV[1])
end
if redis.call('EXPIRE', KEYS[12], ARGV[4]) == 1 then
  redis.call('ZADD', KEYS[13], 0, ARGV[1])
  redis.call('PUBLISH', KEYS[13], '0 - ' .. ARGV[1])
end
redis.call('PUBLISH', KEYS[1], id .. '  ' .. ARGV[6])
redis.call('PUBLISH', ARGV[5], id .. ' ' .. ARGV[1])
redis.call('PUBLISH', ARGV[7], '0 - ' .. ARGV[1])
return kept[1] and {'ended', kept[1]} or {'over'}
