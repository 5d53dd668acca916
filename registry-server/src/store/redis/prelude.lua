-- Put before every script: the store's time and the head. KEYS of every script: 1 head, 2 records, 3 leases, 4 holds, 5 changes, 6 nodes.
-- A record is '<revision>|<token>|<duration ms>|<json>'. Every script that writes writes the head first: a full Redis then refuses it whole.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local head = {}
local raw = redis.call('HGETALL', KEYS[1])
for i = 1, #raw, 2 do head[raw[i]] = raw[i + 1] end

local function int(number) return string.format('%.0f', number) end

-- The lease clock follows TIME, but a gap between two ticks counts for 3 s at most and never backwards.
local function lease_clock()
  return tonumber(head.lease) + math.max(0, math.min(now - tonumber(head.tick), 3000))
end

-- Whether the store is on the history of this position and not behind it; else the reply that says why not.
local function elsewhere(epoch, version, token)
  if not head.epoch then return {'DIVERGED', 'the store is empty'} end
  if head.epoch ~= epoch then return {'DIVERGED', 'the store has another epoch'} end
  if head.state ~= 'open' then return {'DIVERGED', 'the store is being seeded'} end
  if tonumber(head.version) < tonumber(version) then return {'DIVERGED', 'the store is older than this node'} end
  if head.version == version and head.token ~= token then return {'DIVERGED', 'the store is at the same version of another history'} end
end

-- Whether a request comes so late that its sender has given it up, by the store's time at which it was sent: it lay in the connection of a
-- server that stood still, and must not undo what was decided since.
local function late(sent)
  if now - tonumber(sent) > 1500 then return {'LATE'} end
end

local function sweeping(sweep)
  return head.sweep == sweep and now - tonumber(head.sweepAt) < 5000
end

local function parts(stored)
  local revision, token, duration = string.match(stored, '^(%d+)|([^|]*)|(%d+)|')
  return revision, token, tonumber(duration)
end
