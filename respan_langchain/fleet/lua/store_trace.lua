-- Store an interrupted trace until it is resumed or due.
-- KEYS: traces, due, bytes; ARGV: max bytes, milliseconds until it is due, its key;
--       then its entry: number of deferred rows, encoding, record; per row,
--       deferred ones first, then those that are sent if nobody resumes it: digest, id, dataset, encoding, body
-- Returns {1}, or {0} where it exceeds the bound.
local traces, due, bytes, key = KEYS[1], KEYS[2], KEYS[3], ARGV[3]
local fields = {}
for i = 4, #ARGV do fields[#fields + 1] = ARGV[i] end
local entry = cmsgpack.pack(fields)
local earlier = redis.call('HGET', traces, key)
if earlier == entry then return {1} end  -- its answer was lost
if tonumber(redis.call('GET', bytes) or '0') + #entry > tonumber(ARGV[1]) then return {0} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if earlier then  -- stopped here too, and was not resumed: its rows are due
  local moved = key .. ' ' .. time[1] .. ' ' .. time[2]
  redis.call('HSET', traces, moved, earlier)
  redis.call('ZADD', due, 0, moved)
end
redis.call('HSET', traces, key, entry)
redis.call('ZADD', due, now + tonumber(ARGV[2]), key)
redis.call('INCRBY', bytes, #entry)
return {1}
