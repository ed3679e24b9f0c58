-- Takes the lines of a node away that has ceased to beat, or that says farewell: some rooms each time. Only one node
-- sweeps another, and each line is taken away and announced at one go.
-- ARGV: prefix, sweeper, node, expiry in ms, how many rooms, how long the lock holds in ms, bound of inboxes in bytes,
--       how long the tomb stays in ms.
-- Returns 'alive' (or swept before), 'busy', 'gone' (the sweeper itself is), 'more', or 'done'.
local me, node, expiry, some = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local lock_ms, bound, tomb_ms = ARGV[6], tonumber(ARGV[7]), ARGV[8]
local is_farewell = me == node
local falling, nodes, lock = prefix .. 'falling', prefix .. 'nodes', prefix .. 'lock:' .. node

local is_fenced = redis.call('ZSCORE', falling, node)
if not is_farewell and redis.call('EXISTS', node_key(me)) == 0 then
  return 'gone'
end
if not is_fenced then
  local beat = redis.call('ZSCORE', nodes, node)
  if not beat then
    -- Somebody has been faster.
    return is_farewell and 'done' or 'alive'
  end
  if not is_farewell and tonumber(beat) + expiry > now then
    return 'alive'
  end
end
local holder = redis.call('GET', lock)
if holder and holder ~= me then
  return 'busy'
end
redis.call('SET', lock, me, 'PX', lock_ms)
if not is_fenced then
  -- From here on nothing of that node is accepted. If it comes back, it can learn what was, and read what it was told.
  if is_farewell then
    redis.call('DEL', prefix .. 'inbox:' .. node)
  else
    local tomb = prefix .. 'tomb:' .. node
    local last = redis.call('HMGET', node_key(node), 'seq', 'codes')
    redis.call('HSET', tomb, 'seq', last[1] or '0', 'codes', last[2] or '')
    redis.call('PEXPIRE', tomb, tomb_ms)
    redis.call('PEXPIRE', prefix .. 'inbox:' .. node, tomb_ms)
  end
  redis.call('DEL', node_key(node))
  redis.call('ZREM', nodes, node)
  redis.call('ZADD', falling, int(now), node)
end

local function strip(room, peer, text)
  local before, member = read_member(text), read_member(text)
  local rest = {}
  for _, line in ipairs(member.lines) do
    if line.node ~= node then
      rest[#rest + 1] = line
    end
  end
  if #rest == #member.lines and member.absent ~= node then
    return
  end
  member.lines = rest
  if member.absent == node then
    member.absent = ''
  end
  if #rest > 0 or member.absent ~= '' then
    store(room, peer, before, member, 'lost', nil, bound)
  else
    remove(room, peer, before, 'lost', nil, bound)
  end
end

for _, room in ipairs(redis.call('SPOP', prefix .. 'places:' .. node, some)) do
  redis.call('HDEL', prefix .. 'at:' .. room, node)
  if exists(room) then
    local fields = redis.call('HGETALL', prefix .. 'room:' .. room)
    for place = 1, #fields, 2 do
      if fields[place]:sub(1, 2) == 'p:' then
        strip(room, fields[place]:sub(3), fields[place + 1])
      end
    end
    close_if_empty(room)
  end
end
for _, peer in ipairs(redis.call('SPOP', prefix .. 'lobby:' .. node, some * 8)) do
  local text = redis.call('HGET', prefix .. 'lobby', 'p:' .. peer)
  if text then
    strip('', peer, text)
  end
end
if redis.call('EXISTS', prefix .. 'places:' .. node, prefix .. 'lobby:' .. node) > 0 then
  return 'more'
end
redis.call('ZREM', falling, node)
redis.call('DEL', lock)
for _, other in ipairs(redis.call('ZRANGE', nodes, 0, -1)) do
  post(other, bound, 'k', 'n', 'x', node)
end
return 'done'
