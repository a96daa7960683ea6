-- Something that staff alone read, beside the conversation.
-- KEYS: events, notes   ARGV: note, session seconds, news of the desk, conversation
-- Returns its id; nil where there is no such conversation.
if redis.call('EXISTS', KEYS[1]) == 0 then return nil end
local id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', 2000, '*', 'note', ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('PUBLISH', ARGV[3], '0 - ' .. ARGV[4])
return id
