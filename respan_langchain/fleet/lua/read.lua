-- Read rows that no forwarder has read, up to a number and at least one row past the bytes.
-- KEYS: rows; ARGV: group, consumer, max rows, max bytes
-- Returns per row: id, dataset, encoding, body, whether it may have been sent ('0').
local found, size = {}, 0
for _ = 1, tonumber(ARGV[3]) do
  local reply = redis.call(
    'XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1, 'STREAMS', KEYS[1], '>')
  if not reply then break end
  local entry = reply[1][2][1]
  local fields = entry[2]
  for _, value in ipairs({entry[1], fields[2] or '', fields[4] or '', fields[6] or '', '0'}) do
    found[#found + 1] = value
  end
  size = size + #(fields[6] or '')
  if size >= tonumber(ARGV[4]) then break end
end
return found
