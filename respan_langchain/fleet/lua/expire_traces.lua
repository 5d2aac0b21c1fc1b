-- Add the rows of traces that nobody resumed in time to the stream. Where nothing waits, correct the bytes:
-- others may have trimmed the stream.
-- KEYS: traces, due, rows, bytes, seen, counts, producers; ARGV: how many traces at most
-- Returns how many rows were added.
local traces, due, rows, bytes, seen = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local added, change = 0, 0
for _, key in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, ARGV[1])) do
  local entry = redis.call('HGET', traces, key)
  -- First: a full Redis refuses commands that need memory unless the script has written.
  redis.call('ZREM', due, key)
  redis.call('HDEL', traces, key)
  local fields = entry and cmsgpack.unpack(entry) or {'0'}
  change = change - #(entry or '')
  for i = 4 + 5 * tonumber(fields[1]), #fields, 5 do
    local digest, dataset, encoding, body = fields[i], fields[i + 2], fields[i + 3], fields[i + 4]
    if not redis.call('ZSCORE', seen, digest) then
      redis.call('XADD', rows, '*', 'dataset', dataset, 'encoding', encoding, 'body', body, 'digest', digest)
      redis.call('ZADD', seen, time[1], digest)
      added, change = added + 1, change + #body
    end
  end
end
if redis.call('XLEN', rows) + redis.call('HLEN', traces) == 0 then
  redis.call('DEL', bytes)
elseif change ~= 0 then redis.call('INCRBY', bytes, change) end
if added > 0 then
  redis.call('HINCRBY', KEYS[6], 'added', added)
  local ended = cjson.decode(redis.call('HGET', KEYS[7], 'ended') or '{"captured":0,"dropped":0,"direct":0,"added":0}')
  ended.captured, ended.added = ended.captured + added, ended.added + added
  redis.call('HSET', KEYS[7], 'ended', cjson.encode(ended))
end
return {added}
