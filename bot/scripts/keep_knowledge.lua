-- Of the archives that lie here for good, keep those of the serving record. What is just being uploaded expires by
-- itself, and is left alone. KEYS: serving, list of archives, archive...   ARGV: number of the record, "keep" or "" ...
if redis.call('HGET', KEYS[1], 'number') ~= ARGV[1] then return 1 end -- somebody newer sees to it
local all_there = 1
for place = 3, #KEYS do
  local archive, kept = KEYS[place], ARGV[place - 1] == 'keep'
  if kept then
    redis.call('PERSIST', archive)
  elseif redis.call('PTTL', archive) == -1 then
    redis.call('DEL', archive)
  end
  if redis.call('EXISTS', archive) == 1 then
    redis.call('SADD', KEYS[2], archive)
  else
    redis.call('SREM', KEYS[2], archive)
    if kept then all_there = 0 end
  end
end
return all_there
