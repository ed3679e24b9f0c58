-- How many there are of everything. ARGV: prefix. Returns {named rooms, peers in them, peers in the lobby, nodes}.
return {
  redis.call('ZCARD', prefix .. 'index'), tonumber(redis.call('GET', prefix .. 'peers') or 0),
  redis.call('HLEN', prefix .. 'lobby'), redis.call('ZCARD', prefix .. 'nodes'),
}
