-- Store one message: once by its id, behind the others of its conversation, and wake a worker.
-- KEYS: dedupe, mailbox, ready, events, written, turn, delivery, outbox, handoff, clocks, facts
-- ARGV: message, said, conversation, arrivals, dedupe seconds, session seconds, most a minute (0: any), most unanswered,
--       most in line, how long a line is told of, group, busy event (with a %d for the place), shards,
--       deliver (1: from now on what happens goes through the outbox), news of the desk, time now,
--       who writes (customer, staff, '' for what nobody wrote), the beginning of what they write,
--       what is written down where it is an answer of staff
-- Returns the event id; {what there is too much of, seconds to wait} where it is not stored.
--#include pieces/facts.lua
--#include pieces/telling.lua
local seen = redis.call('GET', KEYS[1])
if seen then return seen end
local per_minute = tonumber(ARGV[7])
if per_minute > 0 and tonumber(redis.call('GET', KEYS[5]) or '0') >= per_minute then
  return {'messages', math.max(1, redis.call('TTL', KEYS[5]))}
end
local unanswered = redis.call('LLEN', KEYS[2])
if unanswered >= tonumber(ARGV[8]) then return {'unanswered', 5} end
local line = redis.call('XLEN', KEYS[3])
if unanswered == 0 and line >= tonumber(ARGV[9]) then return {'line', 10} end
local id = redis.call('XADD', KEYS[4], '*', 'what', ARGV[2])
redis.call('EXPIRE', KEYS[4], ARGV[6])
redis.call('SET', KEYS[1], id, 'EX', ARGV[5])
if per_minute > 0 and redis.call('INCR', KEYS[5]) == 1 then redis.call('EXPIRE', KEYS[5], 60) end
redis.call('RPUSH', KEYS[2], id .. ' ' .. ARGV[1])
if ARGV[14] == '1' then redis.call('HSETNX', KEYS[7], 'upto', id) end
tell(id, ARGV[2], ARGV[3], ARGV[6], KEYS[4], KEYS[7], KEYS[8])
if redis.call('EXISTS', KEYS[9]) == 1 then
  if ARGV[17] == 'customer' then
    redis.call('HSET', KEYS[9], 'wrote', ARGV[16])
    if ARGV[18] ~= '' then redis.call('HSET', KEYS[9], 'words', ARGV[18]) end
  elseif ARGV[17] == 'staff' then
    redis.call('HSET', KEYS[9], 'answered', ARGV[16])
    write_down_of(known_of(KEYS[9]), KEYS[11], cjson.decode(ARGV[19]))
  end
  if ARGV[17] ~= '' then redis.call('ZADD', KEYS[10], ARGV[16], ARGV[3]) end  -- its clock looks again
  redis.call('PUBLISH', ARGV[15], '0 - ' .. ARGV[3])
end
redis.call('PUBLISH', ARGV[4], id .. ' ' .. ARGV[3])
if unanswered > 0 then return id end
if line >= tonumber(ARGV[10]) then
  local served = redis.pcall('XPENDING', KEYS[3], ARGV[11])
  local place = line - (tonumber(served[1]) or 0)
  if place >= tonumber(ARGV[10]) then
    local busy = string.format(ARGV[12], place * tonumber(ARGV[13]))
    local told = redis.call('XADD', KEYS[4], '*', 'what', busy, 'answers', id, 'passing', '1')
    redis.call('HSETNX', KEYS[6], 'since', told)
    redis.call('PUBLISH', KEYS[4], told .. ' ' .. id .. ' ' .. busy)
  end
end
redis.call('XADD', KEYS[3], '*', 'conversation', ARGV[3])
return id
