-- ARGV: 1-3 position, 4 store time when it was sent, then for each lease (500 at most): key, duration less age.
-- Reply: LATE | DIVERGED why | OK and the keys that have no lease.
local refusal = late(ARGV[4]) or elsewhere(ARGV[1], ARGV[2], ARGV[3])
if refusal then return refusal end
local lease = lease_clock()
redis.call('HSET', KEYS[1], 'renewed', int(now))
local members, keys = {}, {}
for i = 5, #ARGV, 2 do
  members[#members + 1] = int(lease + ARGV[i + 1])
  members[#members + 1] = ARGV[i]
  keys[#keys + 1] = ARGV[i]
end
local missing = {}
-- GT: a flush after an outage carries old beats, and those must not shorten a lease.
if redis.call('ZADD', KEYS[3], 'XX', 'GT', 'CH', unpack(members)) < #keys then
  local scores = redis.call('ZMSCORE', KEYS[3], unpack(keys))
  for i, key in ipairs(keys) do
    if not scores[i] then missing[#missing + 1] = key end
  end
end
return {'OK', missing}
