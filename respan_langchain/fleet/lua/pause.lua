-- Allow no request for some time, after the platform said that there were too many.
-- KEYS: rate limit; ARGV: microseconds
local time = redis.call('TIME')
local free = time[1] * 1000000 + time[2] + tonumber(ARGV[1])
if free > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('DEL', KEYS[1])  -- see reserve.lua
  redis.call('SET', KEYS[1], string.format('%.0f', free))
end
return {}
