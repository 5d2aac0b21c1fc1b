-- Delete rows that were not sent. A forwarder that has read one does not send it, see renew.lua.
-- KEYS: rows, bytes, sent, counts; ARGV: group, ids
-- Returns how many were deleted.
local deleted, size = 0, 0
for i = 2, #ARGV do
  local id = ARGV[i]
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry and redis.call('SISMEMBER', KEYS[3], id) == 0 then
    redis.call('XACK', KEYS[1], ARGV[1], id)
    redis.call('XDEL', KEYS[1], id)
    deleted, size = deleted + 1, size + #entry[2][6]
  end
end
if deleted > 0 then
  redis.call('DECRBY', KEYS[2], size)
  redis.call('HINCRBY', KEYS[4], 'dropped', deleted)
end
return {deleted}
