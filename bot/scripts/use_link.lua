-- Use a link code up, for one person: who says it again in the same turn, begun anew, has it still.
-- KEYS: link, used   ARGV: seconds for which it is known to that person
-- Returns the customer, or '' where there is no such code.
local customer = redis.call('GET', KEYS[1])
if not customer then return redis.call('GET', KEYS[2]) or '' end
redis.call('SET', KEYS[2], customer, 'EX', ARGV[1])  -- the first write: a Redis that is full has lost nothing by then
redis.call('DEL', KEYS[1])
return customer
