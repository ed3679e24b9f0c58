-- Some of the named rooms, in the order of their names.
-- ARGV: prefix, the name they come after ('' for the first ones), how many.
-- Returns a list of {name, opener, opened, active, peers}, one more than asked for if there are more.
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local limit, found = tonumber(ARGV[3]) + 1, {}
repeat
  local names = redis.call('ZRANGEBYLEX', prefix .. 'index', from, '+', 'LIMIT', 0, limit - #found)
  for _, name in ipairs(names) do
    local about = redis.call('HMGET', prefix .. 'room:' .. name, '#opener', '#opened', '#active')
    if about[1] then
      local size = redis.call('HGET', prefix .. 'sizes', name) or '0'
      found[#found + 1] = { name, about[1], about[2], about[3], size }
    else
      -- It has expired.
      close_books(name)
    end
    from = '(' .. name
  end
until #names == 0 or #found >= limit
return found
