--#include pieces/facts.lua
--#include pieces/telling.lua
-- A deed of staff stands among the notes, is written down, and the conversation hears of it as of every message
-- (accept.lua). KEYS of both scripts that do one: events, staff, line for staff, handoff, handoffs, clocks, notes, facts,
-- turn, mailbox, ready, delivery, outbox
local function note_deed(note, seconds, fact, known)
  redis.call('XADD', KEYS[7], '*', 'note', note)
  redis.call('EXPIRE', KEYS[7], seconds)
  write_down_of(known, KEYS[8], cjson.decode(fact))
end

local function hear(conversation, what, message, seconds, arrivals, news)
  local id = redis.call('XADD', KEYS[1], '*', 'what', what)
  redis.call('EXPIRE', KEYS[1], seconds)
  if redis.call('RPUSH', KEYS[10], id .. ' ' .. message) == 1 then
    redis.call('XADD', KEYS[11], '*', 'conversation', conversation)
  end
  tell(id, what, conversation, seconds, KEYS[1], KEYS[12], KEYS[13])
  redis.call('PUBLISH', arrivals, id .. ' ' .. conversation)
  redis.call('PUBLISH', news, '0 - ' .. conversation)
end
