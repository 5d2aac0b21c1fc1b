-- Describe the fleet as JSON.
-- KEYS: rows, bytes, dead, counts, producers, rate limit, traces; ARGV: group
local rows, time = KEYS[1], redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function map(flat)
  local found = {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end
local forwarders, read = {}, 0
local consumers = redis.pcall('XINFO', 'CONSUMERS', rows, ARGV[1])
for _, flat in ipairs(consumers) do
  local consumer = map(flat)
  forwarders[#forwarders + 1] = {name = consumer.name, rows = consumer.pending, idle = consumer.idle / 1000}
  read = read + consumer.pending
end
local producers = {}
for name, text in pairs(map(redis.call('HGETALL', KEYS[5]))) do
  local producer = cjson.decode(text)
  producer.name = name
  producer.idle = producer.reported and now / 1000 - producer.reported
  producer.reported = nil
  producers[#producers + 1] = producer
end
local counts, finished = {added = 0}, 0
for name, count in pairs(map(redis.call('HGETALL', KEYS[4]))) do
  counts[name] = tonumber(count)
  if name ~= 'added' then finished = finished + count end
end
local total = redis.call('XLEN', rows)
-- Counts what others add, too; Redis 6 does not have it.
local entries_added = map(redis.pcall('XINFO', 'STREAM', rows))['entries-added'] or 0
local oldest = redis.call('XRANGE', rows, '-', '+', 'COUNT', 1)[1]
local free = tonumber(redis.call('GET', KEYS[6]) or '0') / 1000
return {cjson.encode({
  rows = total,
  read_rows = read,
  vanished = math.max(0, math.max(counts.added, entries_added) - finished - total),
  bytes = tonumber(redis.call('GET', KEYS[2]) or '0'),
  oldest = oldest and (now - tonumber(string.match(oldest[1], '^%d+'))) / 1000 or nil,
  rate_limit_wait = math.max(0, free - now) / 1000,
  dead = redis.call('XLEN', KEYS[3]),
  interrupted = redis.call('HLEN', KEYS[7]),
  counts = counts,
  forwarders = forwarders,
  producers = producers,
})}
