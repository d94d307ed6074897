//! The scripts that run inside Redis. Each checks before its first write, so that none can stop
//! halfway; versions are computed there, from the server's clock.
//!
//! A version is `max(last version + 1, server time in microseconds)`. So a name that was erased or
//! has expired comes back with a version above all it had, and so does one whose newest writes
//! were lost in a failover: a near cache never takes the one for the other. (Only a server clock
//! that jumps back could bring a version again, if the name comes back in the very microsecond.)
//! Versions stay below 2^53, where the numbers of Lua are exact, until the year 2255.

use redis::Script;

/// Keys: record, log, last position, remembered decisions. Arguments: expected version (8 bytes, or
/// empty when the record must be absent), sealed record, time to live (ms, or empty), sealed decision
/// (or empty), how many of them stay, their time to live (ms), log entries.
/// Answers `{1, version, last position}`, or `{0, stored record or false, false}` for a
/// conflict.
const COMMIT: &str = r"
local current = redis.call('GETRANGE', KEYS[1], 0, 7)
if current ~= ARGV[1] then
  return {0, redis.call('GET', KEYS[1]), false}
end
local time = redis.call('TIME')
local version = time[1] * 1000000 + time[2]
if current ~= '' then
  version = math.max(version, struct.unpack('<I8', current) + 1)
end
local position = 0
if #ARGV > 6 then
  position = tonumber(redis.call('GET', KEYS[3]) or '0')
  for entry = 7, #ARGV do
    position = position + 1
    redis.call('XADD', KEYS[2], string.format('%.0f-0', position), 'e', ARGV[entry])
  end
  redis.call('SET', KEYS[3], string.format('%.0f', position))
end
local value = struct.pack('<I8', version) .. ARGV[2]
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], value)
else
  redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
end
if ARGV[4] ~= '' then
  redis.call('LPUSH', KEYS[4], ARGV[4])
  redis.call('LTRIM', KEYS[4], 0, ARGV[5] - 1)
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
end
return {1, version, position}
";

/// In a cluster. Keys: record, remembered decisions, and the outbox of the slot when there is something
/// for the log. Arguments: expected version (8 bytes, or empty when the record must be absent), sealed
/// record, time to live (ms, or empty), sealed decision (or empty), how many of them stay, their time to
/// live (ms), id and packed log entries, how many others may be handed back. Answers
/// `{1, version, what was in the outbox before}` (`false` when that was too much), or
/// `{0, stored record or false, false}` for a conflict.
const POST: &str = r"
local current = redis.call('GETRANGE', KEYS[1], 0, 7)
if current ~= ARGV[1] then
  return {0, redis.call('GET', KEYS[1]), false}
end
local time = redis.call('TIME')
local version = time[1] * 1000000 + time[2]
if current ~= '' then
  version = math.max(version, struct.unpack('<I8', current) + 1)
end
local before = false
if #KEYS > 2 then
  if redis.call('HLEN', KEYS[3]) <= tonumber(ARGV[9]) then
    before = redis.call('HGETALL', KEYS[3])
  end
  redis.call('HSET', KEYS[3], struct.pack('>I8', version) .. ARGV[7], ARGV[8])
end
local value = struct.pack('<I8', version) .. ARGV[2]
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], value)
else
  redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
end
if ARGV[4] ~= '' then
  redis.call('LPUSH', KEYS[2], ARGV[4])
  redis.call('LTRIM', KEYS[2], 0, ARGV[5] - 1)
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
end
return {1, version, before}
";

/// Keys: log, last position. Arguments: log entries. Answers the last position.
const APPEND: &str = r"
local position = tonumber(redis.call('GET', KEYS[2]) or '0')
for entry = 1, #ARGV do
  position = position + 1
  redis.call('XADD', KEYS[1], string.format('%.0f-0', position), 'e', ARGV[entry])
end
if #ARGV > 0 then
  redis.call('SET', KEYS[2], string.format('%.0f', position))
end
return position
";

/// Keys: document. Arguments: expected version (8 bytes, empty when it must be absent), whether
/// it is asked for (`1` or empty), sealed document. Answers `{1, version}` or `{0, version bytes}`.
const PUT: &str = r"
local current = redis.call('GETRANGE', KEYS[1], 0, 7)
if ARGV[2] == '1' and current ~= ARGV[1] then
  return {0, current}
end
local time = redis.call('TIME')
local version = time[1] * 1000000 + time[2]
if current ~= '' then
  version = math.max(version, struct.unpack('<I8', current) + 1)
end
redis.call('SET', KEYS[1], struct.pack('<I8', version) .. ARGV[3])
return {1, version}
";

/// Keys: limit. Arguments: units wanted, most that can be taken, time to live (ms, or empty).
/// Answers the units granted.
const LEASE: &str = r"
local taken = tonumber(redis.call('GET', KEYS[1]) or '0')
local granted = math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - taken)
if granted <= 0 then
  return 0
end
local units = string.format('%.0f', taken + granted)
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], units)
else
  redis.call('SET', KEYS[1], units, 'PX', ARGV[3])
end
return granted
";

/// Keys: limit. Arguments: units given back.
const GIVE_BACK: &str = r"
local taken = redis.call('GET', KEYS[1])
if taken then
  local left = math.max(0, tonumber(taken) - tonumber(ARGV[1]))
  redis.call('SET', KEYS[1], string.format('%.0f', left), 'KEEPTTL')
end
return 0
";

/// The scripts with their hashes; a server that does not know one is given it (`NOSCRIPT`).
#[derive(Debug)]
pub(super) struct Scripts {
    pub commit: Script,
    pub post: Script,
    pub append: Script,
    pub put: Script,
    pub lease: Script,
    pub give_back: Script,
}

impl Scripts {
    pub fn new() -> Self {
        Self {
            commit: Script::new(COMMIT),
            post: Script::new(POST),
            append: Script::new(APPEND),
            put: Script::new(PUT),
            lease: Script::new(LEASE),
            give_back: Script::new(GIVE_BACK),
        }
    }
}
