-- What became of rows?
-- KEYS: seen; ARGV: digests
-- Returns for each -1: not known (any more), 0: in Redis, 1: delivered, 2: rejected, 3: unconfirmed, 4: dropped.
local states = {}
for i, digest in ipairs(ARGV) do
  local score = tonumber(redis.call('ZSCORE', KEYS[1], digest) or '-1')
  states[i] = score < 0 and -1 or math.floor((score - math.floor(score)) * 10 + 0.5)
end
return states
