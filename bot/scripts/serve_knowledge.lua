-- Another version of the knowledge serves from now on, if the one that it was made from still serves.
-- KEYS: serving   ARGV: number it was made from ("" for none), new number, new record
if (redis.call('HGET', KEYS[1], 'number') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'number', ARGV[2], 'record', ARGV[3])
return 1
