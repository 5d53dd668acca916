-- ARGV: 1 epoch, 2 cursor of HSCAN. Reply: DIVERGED why | OK cursor, lease clock, key and record by turns, deadlines (in the order of keys).
if head.epoch ~= ARGV[1] then return {'DIVERGED', 'the store was founded anew while it was read'} end
local scan = redis.call('HSCAN', KEYS[2], ARGV[2], 'COUNT', 500)
local keys = {}
for i = 1, #scan[2], 2 do keys[#keys + 1] = scan[2][i] end
local deadlines = #keys > 0 and redis.call('ZMSCORE', KEYS[3], unpack(keys)) or {}
return {'OK', scan[1], int(lease_clock()), scan[2], deadlines}
