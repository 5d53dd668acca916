-- ARGV: 1 node, 2 its report as json, 3 sweep token to take, 4 age at which changes are trimmed (ms), 5 most changes kept.
-- Reply: DIVERGED why | OK epoch version token lease time stood size leases expired sweep secret, reports, opened.
if not head.epoch then return {'DIVERGED', 'the store is empty'} end
if head.state ~= 'open' then return {'DIVERGED', 'the store is being seeded'} end
local gap = now - tonumber(head.tick)
local lease = lease_clock()
local stood = gap < 0 or gap > 3000
local quiet = stood and now + 5000 or tonumber(head.quiet)
-- A wall clock that was set back must not keep the sweep asleep.
if quiet > now + 5000 then quiet = now end
local sweep_age = now - tonumber(head.sweepAt)
local sweep = now >= quiet and (sweep_age >= 990 or sweep_age < 0) and ARGV[3] or ''
redis.call('HSET', KEYS[1], 'lease', int(lease), 'tick', int(now), 'quiet', int(quiet))
if stood then redis.call('HSET', KEYS[1], 'sweep', '') end
if sweep ~= '' then redis.call('HSET', KEYS[1], 'sweep', sweep, 'sweepAt', int(now)) end

redis.call('HSET', KEYS[6], ARGV[1], int(now) .. '|' .. ARGV[2])
local nodes, reports = redis.call('HGETALL', KEYS[6]), {}
for i = 1, #nodes, 2 do
  local at, report = string.match(nodes[i + 1], '^(%d+)|(.*)$')
  if at and now - tonumber(at) <= 10000 then reports[#reports + 1] = report else redis.call('HDEL', KEYS[6], nodes[i]) end
end

-- Versions are stream ids without gaps, so the first entry that is young enough is found by halving.
local oldest = redis.call('XRANGE', KEYS[5], '-', '+', 'COUNT', 1)[1]
if oldest then
  local low, high = tonumber(string.match(oldest[1], '^%d+')), tonumber(head.version) + 1
  low = math.max(low, high - tonumber(ARGV[5]))
  local function old(version)
    local entry = redis.call('XRANGE', KEYS[5], int(version) .. '-0', '+', 'COUNT', 1)[1]
    return entry and now - tonumber(entry[2][6]) > tonumber(ARGV[4])
  end
  while low < high and old(low) do
    local middle = math.floor((low + high) / 2)
    if old(middle) then low = middle + 1 else low, high = low + 1, middle end
  end
  redis.call('XTRIM', KEYS[5], 'MINID', int(low) .. '-0')
end
return {'OK', head.epoch, head.version, head.token, int(lease), int(now), now < quiet and '1' or '0',
  redis.call('HLEN', KEYS[2]), redis.call('ZCARD', KEYS[3]), redis.call('ZCOUNT', KEYS[3], '-inf', int(lease)), sweep, head.secret, reports,
  head.opened or '0'}
