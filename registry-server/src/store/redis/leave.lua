-- ARGV: 1 node. Reply: OK. A node that closes is no longer listed.
if head.epoch then redis.call('HSET', KEYS[1], 'left', int(now)) end
redis.call('HDEL', KEYS[6], ARGV[1])
return {'OK'}
