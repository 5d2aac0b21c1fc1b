-- Which rows were added?
-- KEYS: seen; ARGV: digests. Returns 1 or 0 for each.
local found = {}
for i, digest in ipairs(ARGV) do
  found[i] = redis.call('ZSCORE', KEYS[1], digest) and 1 or 0
end
return found
