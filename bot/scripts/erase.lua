-- Everything of a conversation goes; a turn in the making is void. Only the fence stays, so that no late worker passes.
-- KEYS: mailbox, session, events, turn, lease, staff, line for staff, parked, written, told, tellings, tellings by time,
--       missed, unanswered, forgotten, delivery, outbox, handoff, handoffs, clocks, notes, facts
-- ARGV: conversation, arrivals, an event id after all others, session seconds, time now, done, news of the desk
redis.call('DEL', KEYS[1], KEYS[2], KEYS[5], KEYS[6], KEYS[9], KEYS[16], KEYS[18], KEYS[21])
local id = redis.call('XADD', KEYS[3], '*', 'what', '')  -- for its id
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[17], ARGV[1])
redis.call('HDEL', KEYS[4], 'since', 'begun', 'tries', 'ended')
redis.call('HINCRBY', KEYS[4], 'fence', 1)
redis.call('EXPIRE', KEYS[4], ARGV[4])
redis.call('ZREM', KEYS[7], ARGV[1])
redis.call('ZREM', KEYS[19], ARGV[1])
redis.call('ZREM', KEYS[20], ARGV[1])
redis.call('HINCRBY', KEYS[4], 'staffed', 1)
local mine = ARGV[1] .. ' '
for _, field in ipairs(redis.call('HKEYS', KEYS[8])) do
  if string.sub(field, 1, #mine) == mine then redis.call('HDEL', KEYS[8], field) end
end
local told = redis.call('HGETALL', KEYS[10])
for i = 1, #told, 2 do
  local telling = told[i] .. '\n' .. told[i + 1] .. '\n' .. ARGV[1]
  redis.call('ZREM', KEYS[11], telling)
  redis.call('ZREM', KEYS[12], telling)
end
redis.call('DEL', KEYS[10], KEYS[13])
redis.call('ZREM', KEYS[14], ARGV[1])
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[22], '+', '-', 'COUNT', 5000)) do  -- not in the database yet
  if cjson.decode(entry[2][2]).conversation == ARGV[1] then redis.call('XDEL', KEYS[22], entry[1]) end
end
redis.call('ZADD', KEYS[15], ARGV[5], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[15], '-inf', ARGV[5] - ARGV[4])
redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. ARGV[1])
redis.call('PUBLISH', ARGV[7], '0 forgotten ' .. ARGV[1])
redis.call('PUBLISH', KEYS[3], id .. ' ' .. ARGV[3] .. ' ' .. ARGV[6])  -- nobody waits for a reply any more
return 1
