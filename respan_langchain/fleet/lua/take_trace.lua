-- Remove an interrupted trace, to go on with it.
-- KEYS: traces, due, bytes; ARGV: keys of the trace, the best first
-- Returns the fields of its entry, see store_trace.lua; nothing where no key has one.
for _, key in ipairs(ARGV) do
  local entry = redis.call('HGET', KEYS[1], key)
  if entry then
    redis.call('HDEL', KEYS[1], key)
    redis.call('ZREM', KEYS[2], key)
    redis.call('DECRBY', KEYS[3], #entry)
    return cmsgpack.unpack(entry)
  end
end
return {}
