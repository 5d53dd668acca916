-- ARGV: 1 founder, 2 epoch, 3 version, 4 token, 5 lease clock, 6 secret, 7 schema, 8 epoch that is founded over ('' for an empty store).
-- Reply: WON version | LOST. The store is `seeding` for 10 s; `seed` prolongs it and `open` ends it.
local over = ARGV[8] ~= ''
local given_up = head.state == 'seeding' and now >= tonumber(head['until'])
if over then
  if head.epoch ~= ARGV[8] or (head.state ~= 'open' and not given_up) then return {'LOST'} end
elseif head.epoch and not (given_up and head.over ~= '1') then
  return {'LOST'}
end
if head.minReader and tonumber(head.minReader) > tonumber(ARGV[7]) then return {'LOST'} end

local version, lease = tonumber(ARGV[3]), tonumber(ARGV[5])
if over then
  version = math.max(version, tonumber(head.version) + 1)
  lease = math.max(lease, lease_clock())
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'version', int(version), 'token', ARGV[4], 'base', int(version), 'baseToken', ARGV[4],
  'lease', int(lease), 'tick', int(now), 'quiet', '0', 'sweep', '', 'sweepAt', '0', 'secret', ARGV[6], 'schema', ARGV[7],
  'minReader', over and head.minReader or '1', 'state', 'seeding', 'by', ARGV[1], 'until', int(now + 10000), 'over', over and '1' or '0')
redis.call('DEL', KEYS[5])
if not over then redis.call('DEL', KEYS[2], KEYS[3], KEYS[4]) end
return {'WON', int(version)}
