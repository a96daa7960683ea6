-- End a turn: state, reply and the answered mail go in one step, or not at all.
-- KEYS: turn, mailbox, session, events, lease, ready, staff, line for staff
-- ARGV: fence, taken, most waiting (-1: any), staff, session, session seconds, token, group, answered,
--       time at which it joins the line for staff ('' where it does not), conversation, event...
-- Returns 0 finished, 1 there is more mail (lease and token kept), -1 another worker took over,
-- -2 staff took or left the conversation meanwhile, -3 the customer wrote meanwhile: more than `most waiting` wait.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return -1 end
if (redis.call('GET', KEYS[7]) or '') ~= ARGV[4] then return -2 end
local taken = tonumber(ARGV[2])
local most = tonumber(ARGV[3])
if most >= 0 and redis.call('LLEN', KEYS[2]) > most then return -3 end
redis.call('LTRIM', KEYS[2], taken, -1)
redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[6])
local since = redis.call('HGET', KEYS[1], 'since')
if since then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[4], since, '+')) do
    if entry[2][5] == 'passing' then redis.call('XDEL', KEYS[4], entry[1]) end
  end
  redis.call('HDEL', KEYS[1], 'since')
end
if ARGV[10] ~= '' then redis.call('ZADD', KEYS[8], 'NX', ARGV[10], ARGV[11]) end
for i = 12, #ARGV do
  local id = redis.call('XADD', KEYS[4], '*', 'what', ARGV[i], 'answers', ARGV[9])
  redis.call('PUBLISH', KEYS[4], id .. ' ' .. ARGV[9] .. ' ' .. ARGV[i])
end
redis.call('EXPIRE', KEYS[4], ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[6])
if redis.call('LLEN', KEYS[2]) > 0 then return 1 end
redis.call('DEL', KEYS[5])
redis.call('XACK', KEYS[6], ARGV[8], ARGV[7])
redis.call('XDEL', KEYS[6], ARGV[7])
return 0
