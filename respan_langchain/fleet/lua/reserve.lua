-- Reserve requests of a rate limit, by the server's clock: the generic cell rate algorithm without bursts.
-- KEYS: rate limit; ARGV: microseconds between two requests, requests, longest wait and longest hold in microseconds
-- Returns {1, wait} where they are reserved, {0, wait} where the wait would be too long.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
-- Further ahead than any hold: the clock was set back.
if free < now or free - now > tonumber(ARGV[4]) then free = now end
if free - now > tonumber(ARGV[3]) then return {0, free - now} end
-- A full Redis refuses commands that need memory unless the script has written: forwarders must go on.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], string.format('%.0f', free + ARGV[1] * ARGV[2]))
return {1, free - now}
