-- Reply: DIVERGED why | OK epoch version token, group and hold by turns.
if not head.epoch then return {'DIVERGED', 'the store is empty'} end
if head.state ~= 'open' then return {'DIVERGED', 'the store is being seeded'} end
return {'OK', head.epoch, head.version, head.token, redis.call('HGETALL', KEYS[4])}
