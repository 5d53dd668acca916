-- ARGV: 1 epoch. Reply: OK | LOST. Ends the founding: from here on the store takes changes.
if head.epoch ~= ARGV[1] or head.state ~= 'seeding' then return {'LOST'} end
redis.call('HSET', KEYS[1], 'state', 'open', 'tick', int(now), 'quiet', int(now + 5000), 'opened', int(tonumber(head.lease)))
redis.call('HDEL', KEYS[1], 'by', 'until', 'over')
return {'OK'}
