-- What commit.lua does, for commits that hand batches to nodes and forget what was read, and do nothing else. These are
-- by far the most, so this script stands alone and is short: a third of the time in Redis.
-- ARGV and answers are those of commit.lua.
local prefix, me, seq, bound = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])
local call, home = redis.call, prefix .. 'node:' .. me
local last = tonumber(call('HGET', home, 'seq') or '')
if not last then
  return { 'gone' }
elseif seq ~= last + 1 then
  if seq > last then
    return { 'behind', string.format('%.0f', last) }
  end
  return { 'ok', seq == last and call('HGET', home, 'codes') or '' }
end
local codes, at = '', 6
while at <= #ARGV do
  local to, batch = ARGV[at + 1], ARGV[at + 2]
  if ARGV[at] == 'A' then
    local node, size = prefix .. 'node:' .. to, #batch + 64
    local waiting = call('HGET', node, 'bytes')
    if not waiting then
      codes = codes .. 'g'
    elseif tonumber(waiting) + size > bound then
      codes = codes .. 'f'
    else
      call('HINCRBY', node, 'bytes', size)
      call('XADD', prefix .. 'inbox:' .. to, '*', 'z', size, 's', me, 'n', ARGV[3] .. '.' .. #codes, 'b', batch)
      codes = codes .. '.'
    end
  else
    -- Trim, as in commit.lua: below an id, so many bytes.
    call('XTRIM', prefix .. 'inbox:' .. me, 'MINID', to)
    local waiting = call('HINCRBY', home, 'bytes', -tonumber(batch))
    if waiting < 0 or call('XLEN', prefix .. 'inbox:' .. me) == 0 then
      call('HSET', home, 'bytes', '0')
    end
  end
  at = at + 3
end
call('HSET', home, 'seq', ARGV[3], 'codes', codes)
return { 'ok', codes }
