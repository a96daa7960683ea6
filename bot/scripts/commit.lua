-- End a turn: state, reply and the answered mail go in one step, or not at all. Asked again, it only says how it ended.
-- KEYS: turn, mailbox, session, events, lease, ready, staff, line for staff, parked, told, tellings, tellings by time,
--       missed, unanswered, forgotten, handoff, handoffs, clocks, facts, notes
-- ARGV: fence, taken, most waiting (-1: any), staff and how often that changed, session, session seconds, token, group, answered,
--       time at which it joins the line for staff ('' where it does not), conversation,
--       why its mail is parked ('' where it is answered), time now, step back (1: more mail waits its turn anew),
--       the last passing piece of the reply ('' where there is none),
--       what is noted of it ('' for nothing; JSON: told: [passage, version]..., missed: [1: a new question, line]...,
--       forget: the event up to which everything of the conversation goes, '' for nothing;
--       handoff: what is known of it where it begins; adds: what is new of it; leaves: the line; facts: written down),
--       news of the desk, event...
-- Returns 0 finished, 1 there is more mail (lease and token kept), 2 there is more mail and it waits in line again,
-- -1 another worker took over, -2 staff took or left the conversation meanwhile,
-- -3 the customer wrote meanwhile: more than `most waiting` wait.
--#include pieces/facts.lua
local fence, ended = string.match(redis.call('HGET', KEYS[1], 'ended') or '', '^(%S+) (%S+)$')
if fence == ARGV[1] then return tonumber(ended) end
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return -1 end
if (redis.call('GET', KEYS[7]) or '') .. ' ' .. (redis.call('HGET', KEYS[1], 'staffed') or '0') ~= ARGV[4] then return -2 end
local noted = ARGV[16] ~= '' and cjson.decode(ARGV[16]) or {}
local taken = tonumber(ARGV[2])
local most = tonumber(ARGV[3])
if most >= 0 and redis.call('LLEN', KEYS[2]) > most then return -3 end
local mail = ARGV[12] ~= '' and redis.call('LRANGE', KEYS[2], 0, taken - 1) or {}
redis.call('LTRIM', KEYS[2], taken, -1)  -- the first write: a Redis that is full allows it, and then the others
for _, letter in ipairs(mail) do
  local id, message = string.match(letter, '^(%S+) (.*)$')
  if message ~= '-' then  -- which the customer took back
    redis.call('HSET', KEYS[9], ARGV[11] .. ' ' .. id, ARGV[13] .. ' ' .. ARGV[12] .. '\n' .. message)
  end
end
redis.call('SET', KEYS[3], ARGV[5], 'EX', ARGV[6])
redis.call('EXPIRE', KEYS[7], ARGV[6])  -- no less long than the handoff
local function tell(what, ...)
  local id = redis.call('XADD', KEYS[4], '*', 'what', what, 'answers', ARGV[9], ...)
  redis.call('PUBLISH', KEYS[4], id .. ' ' .. ARGV[9] .. ' ' .. what)
end
if ARGV[15] ~= '' then tell(ARGV[15], 'passing', '1') end
local since = redis.call('HGET', KEYS[1], 'since')
if since then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[4], since, '+')) do
    if entry[2][5] == 'passing' then redis.call('XDEL', KEYS[4], entry[1]) end
  end
end
redis.call('HDEL', KEYS[1], 'since', 'begun', 'tries')
local function handoff_is(what)
  local fact = {is = 'handoff', conversation = ARGV[11], at = tonumber(ARGV[13]), what = what}
  write_down_of(known_of(KEYS[16]), KEYS[19], fact)
end
local had = redis.call('EXISTS', KEYS[16])
local function leave()
  redis.call('ZREM', KEYS[8], ARGV[11])
  redis.call('ZREM', KEYS[17], ARGV[11])
  redis.call('ZREM', KEYS[18], ARGV[11])
  redis.call('DEL', KEYS[16])
end
if noted.leaves and had == 1 then
  handoff_is('withdrawn')
  leave()
end
if noted.forget and noted.forget ~= '' then  -- nothing of before goes into a handoff that begins with this
  if redis.call('EXISTS', KEYS[7]) == 0 then leave() end
  redis.call('HDEL', KEYS[16], 'words', 'wrote', 'asked', 'contact', 'wanted')  -- staff go on, and nobody is left silent
end
local is_open = redis.call('EXISTS', KEYS[16]) == 1 and redis.call('ZSCORE', KEYS[8], ARGV[11])
if ARGV[10] ~= '' and redis.call('EXISTS', KEYS[7]) == 0 and not is_open then
  redis.call('ZADD', KEYS[8], ARGV[10], ARGV[11])
  local channel = string.match(ARGV[11], '^[^:]*')
  redis.call('DEL', KEYS[16])
  redis.call('HSET', KEYS[16], 'number', redis.call('HINCRBY', KEYS[1], 'handoffs', 1), 'state', 'waiting',
    'since', ARGV[10], 'wrote', ARGV[10], 'reason', 'parked', 'channel', channel)
  for field, value in pairs(noted.handoff or {}) do
    if value ~= '' then redis.call('HSET', KEYS[16], field, value) end  -- nothing is known of what nobody can read
  end
  redis.call('ZADD', KEYS[17], ARGV[10], ARGV[11])
  redis.call('ZADD', KEYS[18], ARGV[10], ARGV[11])
  handoff_is('opened')
  had = 1
end
if redis.call('EXISTS', KEYS[16]) == 1 then
  for field, value in pairs(noted.adds or {}) do redis.call('HSET', KEYS[16], field, value) end
  redis.call('EXPIRE', KEYS[16], ARGV[6])
end
for _, fact in ipairs(noted.facts or {}) do write_down(KEYS[19], fact) end
for i = 18, #ARGV do tell(ARGV[i]) end
local is_forgotten = (noted.forget or '') ~= ''
if had == 1 or is_forgotten then redis.call('PUBLISH', ARGV[17], (is_forgotten and '0 forgotten ' or '0 - ') .. ARGV[11]) end
redis.call('XTRIM', KEYS[4], 'MAXLEN', '~', 10000)  -- nobody reads back further
redis.call('EXPIRE', KEYS[4], ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[6])
if ARGV[16] ~= '' then
  local oldest = ARGV[13] - ARGV[6]
  if noted.forget ~= '' then
    local milliseconds, number = string.match(noted.forget, '^(%d+)-(%d+)$')
    redis.call('XTRIM', KEYS[4], 'MINID', milliseconds .. '-' .. string.format('%d', number + 1))
    local told = redis.call('HGETALL', KEYS[10])
    for i = 1, #told, 2 do
      local telling = told[i] .. '\n' .. told[i + 1] .. '\n' .. ARGV[11]
      redis.call('ZREM', KEYS[11], telling)
      redis.call('ZREM', KEYS[12], telling)
    end
    redis.call('DEL', KEYS[10], KEYS[13])
    redis.call('ZREM', KEYS[14], ARGV[11])
    local mine = ARGV[11] .. ' '
    for _, field in ipairs(redis.call('HKEYS', KEYS[9])) do
      if string.sub(field, 1, #mine) == mine then redis.call('HDEL', KEYS[9], field) end
    end
    redis.call('DEL', KEYS[20])
    for _, entry in ipairs(redis.call('XREVRANGE', KEYS[19], '+', '-', 'COUNT', 5000)) do  -- not in the database yet
      if cjson.decode(entry[2][2]).conversation == ARGV[11] then redis.call('XDEL', KEYS[19], entry[1]) end
    end
    redis.call('ZADD', KEYS[15], ARGV[13], ARGV[11])
    redis.call('ZREMRANGEBYSCORE', KEYS[15], '-inf', oldest)
  end
  for _, telling in ipairs(noted.told) do
    local passage, said = telling[1], telling[2] .. ' ' .. ARGV[9]
    local before = redis.call('HGET', KEYS[10], passage)
    local gone = before and passage .. '\n' .. before .. '\n' .. ARGV[11] or ''
    redis.call('ZREM', KEYS[11], gone)
    redis.call('ZREM', KEYS[12], gone)
    redis.call('HSET', KEYS[10], passage, said)
    redis.call('EXPIRE', KEYS[10], ARGV[6])
    redis.call('ZADD', KEYS[11], 0, passage .. '\n' .. said .. '\n' .. ARGV[11])
    redis.call('ZADD', KEYS[12], ARGV[13], passage .. '\n' .. said .. '\n' .. ARGV[11])
  end
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[12], '-inf', oldest, 'LIMIT', 0, 50)) do
    redis.call('ZREM', KEYS[11], old)
    redis.call('ZREM', KEYS[12], old)
  end
  for _, line in ipairs(noted.missed) do
    if line[1] == 1 or redis.call('EXISTS', KEYS[13]) == 1 then
      redis.call('RPUSH', KEYS[13], line[2])
      redis.call('LTRIM', KEYS[13], -100, -1)
      redis.call('EXPIRE', KEYS[13], ARGV[6])
      redis.call('ZADD', KEYS[14], ARGV[13], ARGV[11])
    end
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[14], '-inf', oldest)
end
local left = redis.call('LLEN', KEYS[2])
local result = left == 0 and 0 or (ARGV[14] == '1' and 2 or 1)
redis.call('HSET', KEYS[1], 'ended', ARGV[1] .. ' ' .. result)
if result == 1 then return 1 end
redis.call('DEL', KEYS[5])
redis.call('XACK', KEYS[6], ARGV[8], ARGV[7])
redis.call('XDEL', KEYS[6], ARGV[7])
if result == 2 then redis.call('XADD', KEYS[6], '*', 'conversation', ARGV[11]) end
return result
