-- Note that rows are certainly not stored. KEYS: sent; ARGV: ids
for _, id in ipairs(ARGV) do redis.call('SREM', KEYS[1], id) end
return {}
