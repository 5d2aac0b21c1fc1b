-- Keep rows from being taken over, and note those that are about to be sent.
-- KEYS: rows, sent; ARGV: group, consumer, whether they are about to be sent, ids
-- Returns those that are no longer this consumer's; where there are any, none is noted as sent.
local rows, sent, group, consumer = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local own, lost = {}, {}
for i = 4, #ARGV do
  local is_own = #redis.call('XPENDING', rows, group, ARGV[i], ARGV[i], 1, consumer) > 0
  local ids = is_own and own or lost
  ids[#ids + 1] = ARGV[i]
end
for _, id in ipairs(own) do
  redis.call('XCLAIM', rows, group, consumer, 0, id, 'JUSTID')
end
-- After XCLAIM: a full Redis refuses commands that need memory unless the script has written.
if ARGV[3] == '1' and #lost == 0 then
  for _, id in ipairs(own) do redis.call('SADD', sent, id) end
end
return lost
