-- Take over rows that a forwarder has read and left alone for some time. Forget consumers of long ago,
-- and sum up the counts of such producers.
-- KEYS: rows, sent, producers; ARGV: group, consumer, max rows, max bytes, idle milliseconds
-- Returns per row: id, dataset, encoding, body, whether it may have been sent ('1' or '0').
local rows, sent, group, consumer = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local found, count, size, start = {}, 0, 0, '0-0'
repeat
  local reply = redis.call('XAUTOCLAIM', rows, group, consumer, ARGV[5], start, 'COUNT', 1)
  start = reply[1]
  for _, entry in ipairs(reply[2]) do
    if entry and entry[2] then
      local fields = entry[2]
      local maybe_sent = redis.call('SISMEMBER', sent, entry[1])
      for _, value in ipairs({entry[1], fields[2] or '', fields[4] or '', fields[6] or '', tostring(maybe_sent)}) do
        found[#found + 1] = value
      end
      count, size = count + 1, size + #(fields[6] or '')
    end
  end
until start == '0-0' or count >= tonumber(ARGV[3]) or size >= tonumber(ARGV[4])
for _, each in ipairs(redis.call('XINFO', 'CONSUMERS', rows, group)) do
  local known = {}
  for i = 1, #each, 2 do known[each[i]] = each[i + 1] end
  if known.pending == 0 and known.idle > 3600000 and known.name ~= consumer then
    redis.call('XGROUP', 'DELCONSUMER', rows, group, known.name)
  end
end
local ended = cjson.decode(redis.call('HGET', KEYS[3], 'ended') or '{"captured":0,"dropped":0,"direct":0,"added":0}')
local long_ago, has_changed = tonumber(redis.call('TIME')[1]) - 86400, false
local producers = redis.call('HGETALL', KEYS[3])
for i = 1, #producers, 2 do
  local producer = cjson.decode(producers[i + 1])
  if producers[i] ~= 'ended' and producer.reported < long_ago then
    for name in pairs(ended) do ended[name] = ended[name] + producer[name] end
    redis.call('HDEL', KEYS[3], producers[i])
    has_changed = true
  end
end
if has_changed then redis.call('HSET', KEYS[3], 'ended', cjson.encode(ended)) end
return found
