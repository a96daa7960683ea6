-- What was added to the events of a conversation is told to who follows it, and to the channel that brings it.
local function tell(id, what, conversation, seconds, events, delivery, outbox)
  if redis.call('EXPIRE', delivery, seconds) == 1 then
    redis.call('ZADD', outbox, 0, conversation)
    redis.call('PUBLISH', outbox, '0 - ' .. conversation)
  end
  redis.call('PUBLISH', events, id .. '  ' .. what)
end
