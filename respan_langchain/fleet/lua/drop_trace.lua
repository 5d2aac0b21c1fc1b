-- Delete a trace that its taker has got.
-- KEYS: traces, due, bytes; ARGV: the taker's key
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if entry then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('DECRBY', KEYS[3], #entry)
end
return {}
