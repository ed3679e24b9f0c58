-- What all scripts share. ARGV[1] is the prefix of all keys:
--   layout         the version of this layout
--   nodes          sorted set: node -> when it last beat, in ms
--   falling        sorted set: nodes that are being swept
--   node:<id>      hash: name since speaks, seq and codes of the last commit, bytes in the inbox, lost
--   inbox:<id>     stream: what the node is told
--   places:<id>    set: named rooms in which it has lines, or waits for somebody
--   lobby:<id>     set: ids in the lobby that have lines of it
--   tomb:<id>      hash: seq and codes of a node that was swept
--   lock:<id>      who sweeps it
--   room:<name>    hash: #v lines that came and changes made, #opener, #opened and #active in ms, p:<peer> -> member
--   at:<name>      hash: node -> how many lines it has in the room, those it waits for included
--   lobby          hash: p:<peer> -> member
--   ranks          counts lines that came to the lobby, and changes there
--   user:<peer>    set: named rooms somebody of that id is in
--   index          sorted set, all scores 0: named rooms
--   sizes          hash: room -> peers in it
--   peers          their sum
-- A member is `joined|absent|node,conn,role,wire,rank;...`; what later versions add behind is kept as it is.
-- A room is known by its name, the lobby by an empty one. Names hold no control characters.
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function int(number)
  return string.format('%.0f', number)
end

local function room_key(room)
  if room == '' then
    return prefix .. 'lobby'
  end
  return prefix .. 'room:' .. room
end

local function node_key(node)
  return prefix .. 'node:' .. node
end

-- Members ------------------------------------------------------------------------------------------------------------

local function read_member(text)
  local joined, absent, lines, more = text:match('^(%d+)|([^|]*)|([^|]*)(.*)$')
  local member = { joined = joined, absent = absent, lines = {}, more = more }
  for line in lines:gmatch('[^;]+') do
    local node, conn = line:match('^([^,]*),([^,]*)')
    member.lines[#member.lines + 1] = { node = node, conn = conn, text = line }
  end
  return member
end

local function write_member(member)
  local lines = {}
  for place, line in ipairs(member.lines) do
    lines[place] = line.text
  end
  return member.joined .. '|' .. member.absent .. '|' .. table.concat(lines, ';') .. member.more
end

local function load_member(room, peer)
  local text = redis.call('HGET', room_key(room), 'p:' .. peer)
  return text and read_member(text) or nil
end

-- Everybody in a room: `peer TAB member` in lines of their own.
local function roster(room)
  local all, fields = {}, redis.call('HGETALL', room_key(room))
  for place = 1, #fields, 2 do
    if fields[place]:sub(1, 2) == 'p:' then
      all[#all + 1] = fields[place]:sub(3) .. '\t' .. fields[place + 1]
    end
  end
  return table.concat(all, '\n')
end

-- Inboxes ------------------------------------------------------------------------------------------------------------

-- Tells a node something that must not be refused. If far too much waits there already, the node is told instead that it
-- has lost something.
local function post(node, bound, ...)
  local home = node_key(node)
  local waiting = redis.call('HGET', home, 'bytes')
  if not waiting then
    return
  end
  local size = 64
  for _, text in ipairs({ ... }) do
    size = size + #text
  end
  if tonumber(waiting) + size > 2 * bound then
    redis.call('HSET', home, 'lost', '1')
    return
  end
  redis.call('HINCRBY', home, 'bytes', size)
  redis.call('XADD', prefix .. 'inbox:' .. node, '*', 'z', size, ...)
end

-- Hands a batch to a node, unless too much waits there. Returns a code: `.` done, `f` full, `g` gone.
local function append(node, bound, source, number, batch)
  local home = node_key(node)
  local waiting = redis.call('HGET', home, 'bytes')
  if not waiting then
    return 'g'
  end
  local size = #batch + 64
  if tonumber(waiting) + size > bound then
    return 'f'
  end
  redis.call('HINCRBY', home, 'bytes', size)
  redis.call('XADD', prefix .. 'inbox:' .. node, '*', 'z', size, 's', source, 'n', number, 'b', batch)
  return '.'
end

-- Rooms --------------------------------------------------------------------------------------------------------------

-- Settles the books of a room that is there no longer.
local function close_books(room)
  local size = redis.call('HGET', prefix .. 'sizes', room)
  if size then
    redis.call('DECRBY', prefix .. 'peers', size)
    redis.call('HDEL', prefix .. 'sizes', room)
  end
  redis.call('ZREM', prefix .. 'index', room)
  redis.call('DEL', prefix .. 'room:' .. room, prefix .. 'at:' .. room)
end

local function exists(room)
  return redis.call('HEXISTS', prefix .. 'room:' .. room, '#v') == 1
end

local function open_room(room, opener)
  close_books(room)
  redis.call('HSET', prefix .. 'room:' .. room, '#v', 0, '#opener', opener, '#opened', int(now), '#active', int(now))
  redis.call('ZADD', prefix .. 'index', 0, room)
end

local function refresh(room, ttl)
  redis.call('PEXPIRE', room_key(room), ttl)
  if room ~= '' then
    redis.call('PEXPIRE', prefix .. 'at:' .. room, ttl)
  end
end

-- A node has one line more or less in a room.
local function count_line(room, node, by)
  if room == '' then
    return
  end
  local count = redis.call('HINCRBY', prefix .. 'at:' .. room, node, by)
  if count <= 0 then
    redis.call('HDEL', prefix .. 'at:' .. room, node)
    redis.call('SREM', prefix .. 'places:' .. node, room)
  elseif count == by then
    redis.call('SADD', prefix .. 'places:' .. node, room)
  end
end

-- In the lobby a node is remembered by each id that has lines of it.
local function note_lobby(peer, member)
  local nodes = {}
  for _, line in ipairs(member.lines) do
    nodes[line.node] = true
  end
  if member.absent ~= '' then
    nodes[member.absent] = true
  end
  for node in pairs(nodes) do
    redis.call('SADD', prefix .. 'lobby:' .. node, peer)
  end
  return nodes
end

-- Who is told of a change: all nodes with lines in a room; in the lobby those with lines of the one who changed.
local function watchers(room, before, after)
  if room ~= '' then
    return redis.call('HKEYS', prefix .. 'at:' .. room)
  end
  local nodes, list = {}, {}
  for _, member in pairs({ before, after }) do
    for _, line in ipairs(member.lines) do
      nodes[line.node] = true
    end
    if member.absent ~= '' then
      nodes[member.absent] = true
    end
  end
  for node in pairs(nodes) do
    list[#list + 1] = node
  end
  return list
end

-- Stores what a member now is (nothing if it is gone), and tells the others. Returns the member's text.
local function store(room, peer, before, after, why, me, bound)
  local version
  if room == '' then
    version = redis.call('INCR', prefix .. 'ranks')
  else
    version = redis.call('HINCRBY', room_key(room), '#v', 1)
  end
  local text = ''
  if after then
    -- A line that has just come has no rank yet: it is the version.
    for _, line in ipairs(after.lines) do
      if line.rankless then
        line.text = line.text .. ',' .. int(version)
        line.rankless = nil
      end
    end
    text = write_member(after)
    redis.call('HSET', room_key(room), 'p:' .. peer, text)
  else
    redis.call('HDEL', room_key(room), 'p:' .. peer)
  end
  if room == '' then
    local now_at = after and note_lobby(peer, after) or {}
    for _, node in ipairs(watchers(room, before, nil)) do
      if not now_at[node] then
        redis.call('SREM', prefix .. 'lobby:' .. node, peer)
      end
    end
  end
  for _, node in ipairs(watchers(room, before, after)) do
    if node ~= me then
      post(node, bound, 'k', 'm', 'r', room, 'p', peer, 'm', text, 'w', why)
    end
  end
  return text
end

-- Counts somebody who has come or gone.
local function count_peer(room, peer, by, ttl)
  if room == '' then
    return
  end
  redis.call('HINCRBY', prefix .. 'sizes', room, by)
  redis.call('INCRBY', prefix .. 'peers', by)
  local user = prefix .. 'user:' .. peer
  if by > 0 then
    redis.call('SADD', user, room)
    redis.call('PEXPIRE', user, ttl)
  else
    redis.call('SREM', user, room)
  end
end

-- A room without peers ceases to exist.
local function close_if_empty(room)
  if room ~= '' and tonumber(redis.call('HGET', prefix .. 'sizes', room) or 0) <= 0 then
    close_books(room)
  end
end

-- Takes a member away that has no line left.
local function remove(room, peer, member, why, me, bound)
  store(room, peer, member, nil, why, me, bound)
  count_peer(room, peer, -1)
end
