-- Try a one-time code, which is used up when it is right or wrong too often. The same wrong one again is no new try.
-- KEYS: code   ARGV: hash of what was given, the salt of it, tries, seconds in which a used code may be given again.
-- Returns -1: there is none, or no more; -2: right; else how many tries are left.
local code = redis.call('HMGET', KEYS[1], 'hash', 'salt', 'tried', 'used')
if not code[1] or code[2] ~= ARGV[2] then return -1 end
local now = tonumber(redis.call('TIME')[1])
if code[4] ~= '' and now - code[4] > tonumber(ARGV[4]) then return -1 end
local tried, wrong = code[3], select(2, string.gsub(code[3], ' ', ''))
if code[4] == '' and wrong >= tonumber(ARGV[3]) then return -1 end
if code[1] == ARGV[1] then
  if code[4] == '' then redis.call('HSET', KEYS[1], 'used', now) end
  return -2
end
if code[4] ~= '' then return -1 end
if not string.find(tried, ARGV[1], 1, true) then
  redis.call('HSET', KEYS[1], 'tried', tried .. ARGV[1] .. ' ')
  wrong = wrong + 1
end
return ARGV[3] - wrong
