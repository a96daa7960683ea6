-- Something is due for a customer who waits: staff are reminded, or the customer is to be told something.
-- KEYS: handoff, notes, facts, overdue
-- ARGV: conversation, number, since, stage that it was in, how often staff are reminded by now, time now, news of the desk,
--       note of the reminder, step for the customer ('' for none), the stage that it brings, note of that nobody came in
--       time ('' where it is not that), what is written down of it, session seconds
-- Returns 0 where it is not due any more.
--#include pieces/facts.lua
local kept = redis.call('HMGET', KEYS[1], 'number', 'state', 'since', 'stage', 'alerts')
if kept[1] ~= ARGV[2] or kept[2] ~= 'waiting' or kept[3] ~= ARGV[3] or (kept[4] or '') ~= ARGV[4] then return 0 end
if tonumber(kept[5] or '0') < tonumber(ARGV[5]) then
  redis.call('HSET', KEYS[1], 'alerts', ARGV[5])
  redis.call('XADD', KEYS[2], '*', 'note', ARGV[8])
end
if ARGV[9] ~= '' then redis.call('HSET', KEYS[1], 'stage', ARGV[10], 'ringing', ARGV[9]) end
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[1], 'overdue', '1', 'missed', '1')
  redis.call('XADD', KEYS[2], '*', 'note', ARGV[11])
  write_down(KEYS[3], ARGV[12])
  redis.call('ZADD', KEYS[4], ARGV[6], ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ARGV[6] - ARGV[13])
end
redis.call('EXPIRE', KEYS[2], ARGV[13])
redis.call('PUBLISH', ARGV[7], '0 - ' .. ARGV[1])
return 1
