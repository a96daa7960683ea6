-- Note how far a delivery has come; take the conversation out of the outbox when nothing more is to come.
-- KEYS: delivery, outbox, mailbox, events
-- ARGV: event up to which all is with the customer ('' changes nothing), conversation, session seconds,
--       drop (1: so is everything else that has happened)
-- Returns 1 when it is out of the outbox.
local function later(one, other)
  local a, b = string.match(one, '^(%d+)-(%d+)$')
  local c, d = string.match(other, '^(%d+)-(%d+)$')
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  return a > c or (a == c and b > d)
end
local upto = redis.call('HGET', KEYS[1], 'upto') or '0-0'
local last, before = '0-0', '+'
while last == '0-0' do  -- the newest that is not passing
  local entries = redis.call('XREVRANGE', KEYS[4], before, '-', 'COUNT', 100)
  for _, entry in ipairs(entries) do
    if last == '0-0' and entry[2][5] ~= 'passing' then last = entry[1] end
    before = '(' .. entry[1]
  end
  if #entries < 100 then break end
end
local reached = ARGV[4] == '1' and last or ARGV[1]
if reached ~= '' and later(reached, upto) and redis.call('EXISTS', KEYS[1]) == 1 then  -- else it was erased
  redis.call('HDEL', KEYS[1], 'noted')  -- the first write: a Redis that is full allows it, and then the others
  redis.call('HSET', KEYS[1], 'upto', reached)
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  upto = reached
end
if later(last, upto) or redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[2])
return 1
