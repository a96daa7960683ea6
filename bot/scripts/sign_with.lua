-- Say that a process signs with a secret, unless one that lives signs with another. Who is not heard of again is gone.
-- KEYS: signers   ARGV: fingerprint of the secret, process, seconds until it is given up   Returns 1, or 0 if refused.
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for _, signer in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(signer, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1] .. ' ' .. ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
