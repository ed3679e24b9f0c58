-- A node is alive, and asks who is not.
-- ARGV: prefix, node, expiry in ms.
-- Returns {'gone', seq or '', codes} for a node that was swept, with what its tomb says; otherwise {'ok', last seq,
-- 1 if it has lost something it was told, bytes waiting for it, ms until the next node could be overdue, overdue nodes,
-- all nodes}.
local me, expiry = ARGV[2], tonumber(ARGV[3])
local home, nodes = node_key(me), prefix .. 'nodes'
local known = redis.call('HMGET', home, 'seq', 'lost', 'bytes')
if not known[1] then
  local tomb = redis.call('HMGET', prefix .. 'tomb:' .. me, 'seq', 'codes')
  return { 'gone', tomb[1] or '', tomb[2] or '' }
end
redis.call('ZADD', nodes, int(now), me)
if known[2] then
  redis.call('HDEL', home, 'lost')
end
local overdue = redis.call('ZRANGEBYSCORE', nodes, '-inf', int(now - expiry))
local first = redis.call('ZRANGEBYSCORE', nodes, '(' .. int(now - expiry), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
for _, node in ipairs(redis.call('ZRANGE', prefix .. 'falling', 0, -1)) do
  overdue[#overdue + 1] = node
end
return {
  'ok', known[1], known[2] and '1' or '0', known[3], int(first[2] + expiry - now), overdue,
  redis.call('ZRANGE', nodes, 0, -1),
}
