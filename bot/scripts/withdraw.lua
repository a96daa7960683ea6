-- Take a message back: it stands in the transcript no more, and where it waits for its answer it gets none.
-- KEYS: mailbox, events, parked, forgotten
-- ARGV: message (and every wording of it), arrivals, conversation, the wording that stays ('' for none: it was deleted),
--       time now
-- Returns 1 when it was waiting.
-- A letter that is taken back stays in its place, empty: a worker may have counted it. A second empty one tells a worker
-- that is answering it to look again.
local function message_of(text)  -- what another release wrote may be no JSON
  local readable, what = pcall(cjson.decode, text)
  return readable and type(what) == 'table' and what.message or ''
end
local function is_meant(message)
  return message ~= ARGV[4] and (message == ARGV[1] or string.sub(message, 1, #ARGV[1] + 2) == ARGV[1] .. ':e')
end
redis.call('PERSIST', KEYS[1])  -- the first write: a Redis that is full allows it, and then the others
local waited = 0
for place, letter in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local event, text = string.match(letter, '^(%S+) (.*)$')
  if text ~= '-' and is_meant(message_of(text)) then
    redis.call('LSET', KEYS[1], place - 1, event .. ' -')
    waited = 1
  end
end
local mine = ARGV[3] .. ' '
for _, field in ipairs(redis.call('HKEYS', KEYS[3])) do
  if string.sub(field, 1, #mine) == mine then
    local text = string.match(redis.call('HGET', KEYS[3], field), '^[^\n]*\n(.*)$')
    if is_meant(message_of(text)) then redis.call('HDEL', KEYS[3], field) end
  end
end
if waited == 0 and ARGV[4] ~= '' then return 0 end
local files, others = {}, {}  -- that came with it; that came with other messages too
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '-')) do
  if string.find(entry[2][2], '"kind":"said"', 1, true) then
    local what = cjson.decode(entry[2][2])
    local its = what.by == 'customer' and is_meant(what.message)
    for _, attachment in ipairs(what.attachments or {}) do
      if attachment.kept then (its and files or others)[attachment.kept] = true end
    end
    if its then redis.call('XDEL', KEYS[2], entry[1]) end
  end
end
for file in pairs(ARGV[4] == '' and files or {}) do
  if not others[file] then redis.call('ZADD', KEYS[4], ARGV[5], file) end
end
if waited == 1 then
  local nudge = redis.call('XADD', KEYS[2], '*', 'what', '')  -- for its id
  redis.call('XDEL', KEYS[2], nudge)
  redis.call('RPUSH', KEYS[1], nudge .. ' -')
  redis.call('PUBLISH', ARGV[2], nudge .. ' ' .. ARGV[3])
end
return waited
