-- One reserve, as a shop on Redis does it: limit per user, stock, hold with a deadline, and an id
-- that makes a resend safe.  All keys are of one sale.
-- KEYS: who holds which reservation, units by user, units left, deadlines
-- ARGV: id, user, units, limit per user, deadline
-- Answers 1: done, 2: done before, 3: the id is somebody else's, 4: limit reached, 5: sold out.
local holder = redis.call('HGET', KEYS[1], ARGV[1])
if holder then
  if holder == ARGV[2] then return 2 end
  return 3
end
local units = tonumber(ARGV[3])
local has = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or '0')
if has + units > tonumber(ARGV[4]) then return 4 end
if tonumber(redis.call('GET', KEYS[3]) or '0') < units then return 5 end
redis.call('DECRBY', KEYS[3], units)
redis.call('HINCRBY', KEYS[2], ARGV[2], units)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
return 1
