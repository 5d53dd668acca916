-- ARGV: 1 sweep token, 2 within (ms), 3 lowest deadline, 4 how many of that deadline to skip.
-- Reply: SWEEPOVER | OK lease clock, key and deadline by turns, records' lease durations.
if not head.epoch or not sweeping(ARGV[1]) then return {'SWEEPOVER'} end
local lease = lease_clock()
local found = redis.call('ZRANGEBYSCORE', KEYS[3], ARGV[3], int(lease + ARGV[2]), 'WITHSCORES', 'LIMIT', ARGV[4], 500)
local durations = {}
for i = 1, #found, 2 do
  local stored = redis.call('HGET', KEYS[2], found[i])
  local _, _, duration = parts(stored or '0||0|')
  durations[#durations + 1] = int(duration)
end
return {'OK', int(lease), found, durations}
