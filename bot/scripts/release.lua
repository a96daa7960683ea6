-- Give a conversation up: no lease, and a fresh token, so that the next worker has it at once.
-- KEYS: lease, ready, turn, mailbox   ARGV: owner, group, token, conversation
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
if owner then
  redis.call('DEL', KEYS[1])
  -- who hands over has not failed: this try does not count
  if tonumber(redis.call('HGET', KEYS[3], 'tries') or '0') > 0 then redis.call('HINCRBY', KEYS[3], 'tries', -1) end
end
redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])
if redis.call('XDEL', KEYS[2], ARGV[3]) == 1 and redis.call('LLEN', KEYS[4]) > 0 then
  redis.call('XADD', KEYS[2], '*', 'conversation', ARGV[4])
end
return 1
