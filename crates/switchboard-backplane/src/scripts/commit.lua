-- A node's operations, all of them at one go, and never twice.
-- ARGV: prefix, node, seq, ttl of rooms in ms, bound of inboxes in bytes, then operations: a letter and its arguments.
-- Returns {'ok', codes}, {'behind', last seq} or {'gone'}; a code for each delivery, in their order.
local me, seq, ttl, bound = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local home = node_key(me)
local known = redis.call('HMGET', home, 'seq', 'codes')
if not known[1] then
  return { 'gone' }
end
local last = tonumber(known[1])
if seq == last then
  return { 'ok', known[2] }
elseif seq < last then
  return { 'ok', '' }
elseif seq > last + 1 then
  return { 'behind', int(last) }
end

local codes = {}
local next_argument = 6

local function argument()
  next_argument = next_argument + 1
  return ARGV[next_argument - 1]
end

-- The outcome of a join comes to whoever asked for it, in the order of the inbox.
local function decide(token, code, ...)
  post(me, bound, 'k', 'j', 't', token, 'c', code, ...)
end

-- Takes a line off. The room stays although it is empty if it is about to be entered again.
local function leave(room, peer, conn, grace, why, stays)
  local before, member = load_member(room, peer), load_member(room, peer)
  if not member then
    return
  end
  local found
  for place, line in ipairs(member.lines) do
    if line.node == me and line.conn == conn then
      found = place
    end
  end
  if not found then
    return
  end
  table.remove(member.lines, found)
  if #member.lines > 0 then
    count_line(room, me, -1)
    store(room, peer, before, member, why, me, bound)
  elseif grace then
    -- What it is waited for by counts as a line.
    member.absent = me
    store(room, peer, before, member, why, me, bound)
  else
    count_line(room, me, -1)
    remove(room, peer, before, why, me, bound)
    if not stays then
      close_if_empty(room)
    end
  end
end

local function has_line(member, conn)
  for _, line in ipairs(member.lines) do
    if line.node == me and line.conn == conn then
      return true
    end
  end
  return false
end

local function join()
  local room, peer, conn, role, wire = argument(), argument(), argument(), argument(), argument()
  local capacity, per_peer, token = tonumber(argument()), tonumber(argument()), argument()
  local old_room, old_peer, wants_roster = argument(), argument(), argument() == '1'
  local is_named = room ~= ''
  if is_named and not exists(room) then
    open_room(room, peer)
  end
  local before, member = load_member(room, peer), load_member(room, peer)
  local arrived = '0'
  local text
  if member and has_line(member, conn) then
    -- Asked again: all is as it should be.
    text = write_member(member)
  else
    if member then
      if #member.lines >= per_peer then
        return decide(token, 'lines', 'r', room)
      end
    else
      local size = is_named and tonumber(redis.call('HGET', prefix .. 'sizes', room) or 0)
        or redis.call('HLEN', prefix .. 'lobby')
      local old = old_room == room and load_member(old_room, old_peer)
      if old and #old.lines == 1 and has_line(old, conn) then
        size = size - 1
      end
      if size >= capacity then
        if is_named then
          close_if_empty(room)
        end
        return decide(token, 'full', 'r', room)
      end
    end
    if old_peer ~= '\n' then
      leave(old_room, old_peer, conn, false, 'left', old_room == room)
      before, member = load_member(room, peer), load_member(room, peer)
    end
    if not member then
      arrived = '1'
      member = { joined = int(now), absent = '', lines = {}, more = '' }
      count_peer(room, peer, 1, ttl)
    end
    local waited_for = member.absent
    member.absent = ''
    member.lines[#member.lines + 1] = {
      node = me, conn = conn, rankless = true, text = table.concat({ me, conn, role, wire }, ','),
    }
    count_line(room, me, 1)
    text = store(room, peer, before, member, '', me, bound)
    if waited_for ~= '' then
      count_line(room, waited_for, -1)
    end
  end
  refresh(room, ttl)
  if is_named then
    redis.call('HSET', room_key(room), '#active', int(now))
  end
  if is_named and wants_roster then
    decide(token, 'ok', 'r', room, 'p', peer, 'm', text, 'a', arrived, 'all', roster(room))
  else
    decide(token, 'ok', 'r', room, 'p', peer, 'm', text, 'a', arrived)
  end
end

-- The newest line of somebody in the lobby, wherever it is.
local function route(number)
  local peer, batch = argument(), argument()
  local member = load_member('', peer)
  local line = member and member.lines[#member.lines]
  return line and append(line.node, bound, me, number, batch) or 'n'
end

local function close_idle()
  local room, idle = argument(), tonumber(argument())
  local active = redis.call('HGET', prefix .. 'room:' .. room, '#active')
  if not active or tonumber(active) + idle > now then
    return
  end
  for _, node in ipairs(redis.call('HKEYS', prefix .. 'at:' .. room)) do
    redis.call('SREM', prefix .. 'places:' .. node, room)
    post(node, bound, 'k', 'c', 'r', room, 'w', 'closed')
  end
  for _, field in ipairs(redis.call('HKEYS', prefix .. 'room:' .. room)) do
    if field:sub(1, 2) == 'p:' then
      redis.call('SREM', prefix .. 'user:' .. field:sub(3), room)
    end
  end
  close_books(room)
end

-- The lobby has no roster to be told.
local function sync()
  local room = argument()
  if room ~= '' then
    post(me, bound, 'k', 's', 'r', room, 'all', roster(room))
  end
end

local function touch()
  local room, active = argument(), argument()
  if room ~= '' and not exists(room) then
    return
  end
  refresh(room, ttl)
  if room == '' then
    return
  end
  if active == '1' then
    redis.call('HSET', room_key(room), '#active', int(now))
  end
  for _, field in ipairs(redis.call('HKEYS', room_key(room))) do
    if field:sub(1, 2) == 'p:' then
      redis.call('PEXPIRE', prefix .. 'user:' .. field:sub(3), ttl)
    end
  end
end

while next_argument <= #ARGV do
  local letter = argument()
  local number = int(seq) .. '.' .. #codes
  if letter == 'A' then
    codes[#codes + 1] = append(argument(), bound, me, number, argument())
  elseif letter == 'R' then
    codes[#codes + 1] = route(number)
  elseif letter == 'J' then
    join()
  elseif letter == 'L' then
    local room, peer, conn, grace, why = argument(), argument(), argument(), argument() == '1', argument()
    leave(room, peer, conn, grace, why)
  elseif letter == 'D' then
    local room, peer = argument(), argument()
    local member = load_member(room, peer)
    if member and member.absent == me then
      count_line(room, me, -1)
      remove(room, peer, member, 'dropped', me, bound)
      close_if_empty(room)
    end
  elseif letter == 'S' then
    sync()
  elseif letter == 'T' then
    touch()
  elseif letter == 'C' then
    close_idle()
  elseif letter == 'Z' then
    redis.call('XTRIM', prefix .. 'inbox:' .. me, 'MINID', argument())
    local waiting = redis.call('HINCRBY', home, 'bytes', -tonumber(argument()))
    -- A Redis that has lost its last moments may be told to forget what it does not know.
    if waiting < 0 or redis.call('XLEN', prefix .. 'inbox:' .. me) == 0 then
      redis.call('HSET', home, 'bytes', '0')
    end
  else
    return redis.error_reply('unknown operation ' .. letter)
  end
end
codes = table.concat(codes)
redis.call('HSET', home, 'seq', int(seq), 'codes', codes)
return { 'ok', codes }
