-- ARGV: keys, 500 at most. Reply: DIVERGED why | OK lease clock, records, deadlines.
if not head.epoch then return {'DIVERGED', 'the store is empty'} end
return {'OK', int(lease_clock()), redis.call('HMGET', KEYS[2], unpack(ARGV)), redis.call('ZMSCORE', KEYS[3], unpack(ARGV))}
