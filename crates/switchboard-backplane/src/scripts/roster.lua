-- Everybody in a room. ARGV: prefix, room. Returns the roster, or nothing if there is no such room.
if not exists(ARGV[2]) then
  return false
end
return roster(ARGV[2])
