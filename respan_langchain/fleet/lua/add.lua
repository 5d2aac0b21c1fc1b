-- Add rows that were not added before: all of them, or none where they exceed a bound.
-- KEYS: rows, bytes, seen, counts, producers
-- ARGV: max rows, max bytes, seconds to remember rows; producer, rows that it captured, dropped,
--       sent directly and got confirmed as added; then per row, of which there may be none: digest, dataset,
--       encoding, body
-- Returns {1, added}, or {0, rows, bytes} as they are now.
local rows, bytes, seen, counts = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now = tonumber(redis.call('TIME')[1])
local new, size, in_call = {}, 0, {}
for i = 9, #ARGV, 4 do
  local digest = ARGV[i]
  if not in_call[digest] and not redis.call('ZSCORE', seen, digest) then
    in_call[digest] = true
    new[#new + 1] = i
    size = size + #ARGV[i + 3]
  end
end
local function report(added)
  local producer = cjson.decode(redis.call('HGET', KEYS[5], ARGV[4]) or '{"added":' .. ARGV[8] .. '}')
  producer.captured, producer.dropped = tonumber(ARGV[5]), tonumber(ARGV[6])
  producer.direct = tonumber(ARGV[7])
  -- Confirmed, and not known here: lost by a failover, or a restart from an old file.
  local lost = math.max(0, tonumber(ARGV[8]) - producer.added)
  producer.added, producer.reported = producer.added + lost + added, now
  -- First: a full Redis refuses commands that need memory unless the script has written.
  redis.call('HDEL', KEYS[5], ARGV[4])
  redis.call('HSET', KEYS[5], ARGV[4], cjson.encode(producer))
  if lost > 0 then redis.call('HINCRBY', counts, 'added', lost) end
end
local held_rows = redis.call('XLEN', rows)
local held_bytes = tonumber(redis.call('GET', bytes) or '0')
if #new > 0 and (held_rows + #new > tonumber(ARGV[1]) or held_bytes + size > tonumber(ARGV[2])) then
  report(0)
  return {0, held_rows, held_bytes}
end
for _, i in ipairs(new) do
  redis.call('XADD', rows, '*', 'dataset', ARGV[i + 1], 'encoding', ARGV[i + 2], 'body', ARGV[i + 3],
    'digest', ARGV[i])
  redis.call('ZADD', seen, now, ARGV[i])
end
if #new > 0 then
  redis.call('INCRBY', bytes, size)
  redis.call('HINCRBY', counts, 'added', #new)
end
report(#new)
-- Last: once a script has written, Redis no longer refuses its writes for lack of memory.
redis.call('ZREMRANGEBYSCORE', seen, '-inf', '(' .. (now - tonumber(ARGV[3])))
return {1, #new}
