-- Where somebody is.
-- ARGV: prefix, peer. Returns a list of {room, member}.
local found = {}
for _, room in ipairs(redis.call('SMEMBERS', prefix .. 'user:' .. ARGV[2])) do
  local text = redis.call('HGET', prefix .. 'room:' .. room, 'p:' .. ARGV[2])
  if text then
    found[#found + 1] = { room, text }
  end
end
return found
