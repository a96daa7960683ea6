-- Put a token away whose conversation turned out to have no mail; if mail came meanwhile, leave a fresh token.
-- KEYS: lease, mailbox, ready   ARGV: owner, group, token, conversation
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('XACK', KEYS[3], ARGV[2], ARGV[3])
if redis.call('XDEL', KEYS[3], ARGV[3]) == 1 and redis.call('LLEN', KEYS[2]) > 0 then
  redis.call('XADD', KEYS[3], '*', 'conversation', ARGV[4])
end
return 1
