-- ARGV: 1 highest schema that the caller reads, 2 epoch ('' when nothing is known), 3 version, 4 token.
-- Reply: EMPTY | INCOMPATIBLE needs | SEEDING by until | FOLLOWS or DIVERGED, epoch version token lease time why.
if not head.epoch then return {'EMPTY'} end
if tonumber(head.minReader) > tonumber(ARGV[1]) then return {'INCOMPATIBLE', head.minReader} end

local function standing(kind, why)
  return {kind, head.epoch, head.version, head.token, int(lease_clock()), int(now), why}
end
if head.state ~= 'open' then
  if now < tonumber(head['until']) then return {'SEEDING', head.by, head['until']} end
  if head.over == '1' then return standing('DIVERGED', 'unfinished') end
  return {'EMPTY'}
end
if ARGV[2] == '' then return standing('FOLLOWS', '') end
if head.epoch ~= ARGV[2] then return standing('DIVERGED', 'epoch') end

local version, at = tonumber(ARGV[3]), tonumber(head.version)
if version > at then return standing('DIVERGED', 'older') end
local token = version == at and head.token or version == tonumber(head.base) and head.baseToken
if not token then
  -- Our own entry, or the one after it, which names its predecessor.
  local entries = redis.call('XRANGE', KEYS[5], int(version) .. '-0', int(version + 1) .. '-0')
  if #entries == 0 then return standing('DIVERGED', 'trimmed') end
  token = entries[1][1] == int(version) .. '-0' and entries[1][2][2] or entries[1][2][4]
end
if token ~= ARGV[4] then return standing('DIVERGED', 'forked') end
return standing('FOLLOWS', '')
