-- A node registers.
-- ARGV: prefix, node, its name, layout it knows, version of envelopes it reads.
-- Returns {'ok'} or {'layout', the layout there is}.
local me, layout = ARGV[2], tonumber(ARGV[4])
local there = redis.call('GET', prefix .. 'layout')
if there and tonumber(there) > layout then
  return { 'layout', there }
elseif not there then
  redis.call('SET', prefix .. 'layout', int(layout))
end
redis.call('HSET', node_key(me), 'name', ARGV[3], 'since', int(now), 'speaks', ARGV[5], 'seq', '0', 'codes', '', 'bytes', '0')
redis.call('ZADD', prefix .. 'nodes', int(now), me)
return { 'ok' }
