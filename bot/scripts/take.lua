-- Lease a conversation and read everything a turn needs. A worker that finds it leased leaves its token pending.
-- KEYS: lease, mailbox, turn, session, events, staff   ARGV: owner, lease ms, steal, thinking, restarted, at most
-- Returns {fence, session, staff, how many wait, message...}; {0} when somebody else has it; {-1} when there is no mail.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] and ARGV[3] == '0' then return {0} end
local mail = redis.call('LRANGE', KEYS[2], 0, ARGV[6] - 1)
if #mail == 0 then return {-1} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local fence = redis.call('HINCRBY', KEYS[3], 'fence', 1)
local since = redis.call('HGET', KEYS[3], 'since')
local what = since and ARGV[5] or ARGV[4]
local newest = string.match(mail[#mail], '^%S+')
local id = redis.call('XADD', KEYS[5], '*', 'what', what, 'answers', newest, 'passing', '1')
if not since then redis.call('HSET', KEYS[3], 'since', id) end
redis.call('PUBLISH', KEYS[5], id .. ' ' .. newest .. ' ' .. what)
return {fence, redis.call('GET', KEYS[4]) or '', redis.call('GET', KEYS[6]) or '', redis.call('LLEN', KEYS[2]), unpack(mail)}
