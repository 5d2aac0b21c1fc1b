-- Read an interrupted trace, which stays stored.
-- KEYS: traces; ARGV: its key
-- Returns the fields of its entry, see store_trace.lua; nothing where it was taken meanwhile.
local entry = redis.call('HGET', KEYS[1], ARGV[1])
return entry and cmsgpack.unpack(entry) or {}
