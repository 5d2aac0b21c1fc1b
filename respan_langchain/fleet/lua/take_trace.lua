-- Take an interrupted trace, to go on with it. It stays stored for its taker alone until drop_trace.lua
-- deletes it; a taker that never got it leaves it to be sent as interrupted.
-- KEYS: traces, due; ARGV: the taker's key, milliseconds to keep it; keys of the trace, the best first
-- Returns the fields of its entry, see store_trace.lua; nothing where no key has one.
local traces, due, taken = KEYS[1], KEYS[2], ARGV[1]
local entry = redis.call('HGET', traces, taken)  -- this taker asks again
if entry then return cmsgpack.unpack(entry) end
for i = 3, #ARGV do
  entry = redis.call('HGET', traces, ARGV[i])
  if entry then
    -- First: a full Redis refuses commands that need memory unless the script has written.
    redis.call('HDEL', traces, ARGV[i])
    redis.call('ZREM', due, ARGV[i])
    local time = redis.call('TIME')
    redis.call('HSET', traces, taken, entry)
    redis.call('ZADD', due, time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[2]), taken)
    return cmsgpack.unpack(entry)
  end
end
return {}
