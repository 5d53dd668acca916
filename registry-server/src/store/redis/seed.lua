-- ARGV: 1 epoch, 2 records given, then for each: key, duration, age, token, json; then for each tombstone: token, previous token, json, by.
-- Reply: OK | LOST (another node has taken the founding over).
if head.epoch ~= ARGV[1] or head.state ~= 'seeding' then return {'LOST'} end
local records = tonumber(ARGV[2])
local first = 3 + records * 5
local tombstones = (#ARGV - first + 1) / 4
local version = tonumber(head.version)
redis.call('HSET', KEYS[1], 'until', int(now + 10000), 'tick', int(now), 'version', int(version + tombstones),
  'token', tombstones > 0 and ARGV[#ARGV - 3] or head.token)
for i = 3, first - 1, 5 do
  redis.call('HSET', KEYS[2], ARGV[i], head.base .. '|' .. ARGV[i + 3] .. '|' .. ARGV[i + 1] .. '|' .. ARGV[i + 4])
  redis.call('ZADD', KEYS[3], int(tonumber(head.lease) + ARGV[i + 1] - ARGV[i + 2]), ARGV[i])
end
for i = first, #ARGV, 4 do
  version = version + 1
  redis.call('XADD', KEYS[5], int(version) .. '-0', 't', ARGV[i], 'p', ARGV[i + 1], 'a', int(now), 'c', ARGV[i + 2], 'b', ARGV[i + 3])
end
return {'OK'}
