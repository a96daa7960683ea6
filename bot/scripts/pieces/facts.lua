-- What happened is written down for the database. Whoever brings it there keeps what waits shorter than this, and says what
-- is lost; the bound here is for when nobody does.
local function write_down(facts, fact)
  redis.call('XADD', facts, 'MAXLEN', '~', 250000, '*', 'fact', fact)
end

-- What is known of a handoff, as it stands in each of its facts.
local function known_of(handoff)
  return redis.call('HMGET', handoff, 'number', 'since', 'reason', 'channel', 'language')
end

local function write_down_of(known, facts, fact)
  fact.number, fact.since, fact.reason, fact.channel = tonumber(known[1]), tonumber(known[2]), known[3], known[4]
  fact.language = known[5] or ''
  write_down(facts, cjson.encode(fact))
end
