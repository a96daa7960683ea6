-- Lease a conversation and read everything a turn needs. A worker that finds it leased leaves its token pending.
-- KEYS: lease, mailbox, turn, session, events, staff, ready
-- ARGV: owner, lease ms, steal, thinking, restarted, at most, again (1: the same worker once more, which is no new try),
--       group, consumer, token
-- Returns {fence, session, staff, how often that changed, how many wait, tries, id of what was told, message...};
-- {0} when somebody else has it; {-1} when there is no mail.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] and ARGV[3] == '0' then return {0} end
local mail = redis.call('LRANGE', KEYS[2], 0, ARGV[6] - 1)
if #mail == 0 then return {-1} end
-- a Redis that is full refuses a script until its first write, but not this write: what was accepted is answered
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
-- the token is as young as the lease: whoever finds it abandoned finds the lease gone too
redis.call('XCLAIM', KEYS[7], ARGV[8], ARGV[9], 0, ARGV[10], 'JUSTID')
local fence = redis.call('HINCRBY', KEYS[3], 'fence', 1)
local tries = redis.call('HINCRBY', KEYS[3], 'tries', 1 - tonumber(ARGV[7]))
local begun = redis.call('HSET', KEYS[3], 'begun', '1') == 0
local what = begun and ARGV[5] or ARGV[4]
local newest = string.match(mail[#mail], '^%S+')
local id = redis.call('XADD', KEYS[5], '*', 'what', what, 'answers', newest, 'passing', '1')
redis.call('HSETNX', KEYS[3], 'since', id)
redis.call('PUBLISH', KEYS[5], id .. ' ' .. newest .. ' ' .. what)
return {fence, redis.call('GET', KEYS[4]) or '', redis.call('GET', KEYS[6]) or '',
  redis.call('HGET', KEYS[3], 'staffed') or '0', redis.call('LLEN', KEYS[2]), tries, id, unpack(mail)}
