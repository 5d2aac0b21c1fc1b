-- Acknowledge and delete rows whose state is final; keep rejected and unconfirmed ones as dead letters.
-- Note the state of each for its producer, see states.lua.
-- KEYS: rows, bytes, sent, dead, counts, seen; ARGV: group, max dead letters; then per row: id, state, reason
-- Returns how many reached their state by this call.
local rows, bytes, sent, dead, counts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local finished, size, seen = 0, 0, KEYS[6]
local tenths = {delivered = 0.1, rejected = 0.2, unconfirmed = 0.3, dropped = 0.4}
for i = 3, #ARGV, 3 do
  local id, state, reason = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local entry = redis.call('XRANGE', rows, id, id)[1]
  -- First: a full Redis refuses commands that need memory unless the script has written.
  redis.call('XACK', rows, ARGV[1], id)
  local was_sent = redis.call('SREM', sent, id) == 1
  if entry then
    local fields = entry[2]
    local body = fields[6] or ''
    if state == 'rejected' or state == 'unconfirmed' then
      redis.call('XADD', dead, 'MAXLEN', '~', ARGV[2], '*', 'dataset', fields[2] or '', 'encoding', fields[4] or '',
        'body', body, 'state', state, 'reason', reason)
    end
    redis.call('XDEL', rows, id)
    local digest = fields[8]
    local added = digest and redis.call('ZSCORE', seen, digest)
    if added then redis.call('ZADD', seen, math.floor(tonumber(added)) + tenths[state], digest) end
    size = size + #body
  end
  -- Others may have trimmed the entry while its row was sent.
  if entry or was_sent then
    redis.call('HINCRBY', counts, state, 1)
    finished = finished + 1
  end
end
if size > 0 then redis.call('DECRBY', bytes, size) end
return {finished}
