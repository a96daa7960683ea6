-- A clock was looked at. Where something has changed meanwhile it is due again by that, and stays so.
-- A handoff that has expired waits no longer.
-- KEYS: clocks, handoff, handoffs, line for staff
-- ARGV: conversation, end of the lease, when to look next ('' for not before something changes), number of the handoff,
--       (field, value)... that are kept with it
if #ARGV > 4 and redis.call('HGET', KEYS[2], 'number') == ARGV[4] then redis.call('HSET', KEYS[2], unpack(ARGV, 5)) end
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) ~= tonumber(ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  return 1
end
if ARGV[3] ~= '' then redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 1
