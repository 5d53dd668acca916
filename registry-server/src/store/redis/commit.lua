-- ARGV: 1 epoch, 2 version, 3 token of the proposer's position; 4 token, 5 kind, 6 key or group, 7 expected revision, 8 json of the record or
-- hold, 9 json of the whole change, 10 json of the actor, 11 lease duration ('' to leave the lease), 12 age of the lease, 13 sweep token,
-- 14 '1' for an eviction, 15 store time when it was sent. Reply: LATE | DIVERGED why | SWEEPOVER | OK version previous at | CONFLICT [record deadline lease]
local refusal = late(ARGV[15]) or elsewhere(ARGV[1], ARGV[2], ARGV[3])
if refusal then return refusal end
local token, kind, field = ARGV[4], ARGV[5], ARGV[6]
local on_record = kind == 'put' or kind == 'remove'
local stored = on_record and redis.call('HGET', KEYS[2], field) or nil
local revision, by, duration = '0', '', 90000
if stored then revision, by, duration = parts(stored) end
local deadline = stored and redis.call('ZSCORE', KEYS[3], field)

-- A repeat: the record carries its change's token; what leaves no record is looked for in the newest part of the log. A registration of
-- something new looks less far, as many of those come at once.
local entries = {}
if stored and by == token then
  entries = redis.call('XRANGE', KEYS[5], revision .. '-0', revision .. '-0')
elseif not stored then
  entries = redis.call('XREVRANGE', KEYS[5], '+', '(' .. ARGV[2] .. '-0', 'COUNT', kind == 'put' and 50 or 1000)
end
for _, entry in ipairs(entries) do
  if entry[2][2] == token then return {'OK', string.match(entry[1], '^%d+'), entry[2][4], entry[2][6]} end
end

if ARGV[13] ~= '' and not sweeping(ARGV[13]) then return {'SWEEPOVER'} end
local lease = lease_clock()
local early = ARGV[14] == '1' and deadline and tonumber(deadline) + 500 > lease
if on_record and (revision ~= ARGV[7] or early) then
  return stored and {'CONFLICT', stored, deadline, int(lease)} or {'CONFLICT'}
end

local version = int(tonumber(head.version) + 1)
redis.call('HSET', KEYS[1], 'version', version, 'token', token)
if kind == 'put' then
  local length = ARGV[11] ~= '' and tonumber(ARGV[11]) or duration
  redis.call('HSET', KEYS[2], field, version .. '|' .. token .. '|' .. int(length) .. '|' .. ARGV[8])
  if ARGV[11] ~= '' or not deadline then redis.call('ZADD', KEYS[3], int(lease + length - ARGV[12]), field) end
elseif kind == 'remove' then
  redis.call('HDEL', KEYS[2], field)
  redis.call('ZREM', KEYS[3], field)
elseif kind == 'hold' then
  redis.call('HSET', KEYS[4], field, ARGV[8])
else
  redis.call('HDEL', KEYS[4], field)
end
redis.call('XADD', KEYS[5], version .. '-0', 't', token, 'p', head.token, 'a', int(now), 'c', ARGV[9], 'b', ARGV[10])
return {'OK', version, head.token, int(now)}
