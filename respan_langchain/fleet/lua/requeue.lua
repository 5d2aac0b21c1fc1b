-- Move dead letters back to the rows, the oldest first.
-- KEYS: dead, rows, bytes, counts; ARGV: how many
-- Returns how many were moved.
local entries, size = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1]), 0
for _, entry in ipairs(entries) do
  local fields = entry[2]
  -- First: a full Redis refuses commands that need memory unless the script has written.
  redis.call('XDEL', KEYS[1], entry[1])
  redis.call('XADD', KEYS[2], '*', 'dataset', fields[2], 'encoding', fields[4], 'body', fields[6])
  size = size + #fields[6]
end
if #entries > 0 then
  redis.call('INCRBY', KEYS[3], size)
  redis.call('HINCRBY', KEYS[4], 'added', #entries)
end
return {#entries}
