import type { Result } from 'ioredis';
import type { RedisLink } from '../redis/connect.ts';
import { unitsOf } from './bucket.ts';
import type { Bucket, Debit } from './bucket.ts';
import type { Decision } from './local-buckets.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    chargeBuckets(keys: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    refundBuckets(keys: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
  }
}

/**
 * Loads the buckets. Each is stored as "units milliseconds". A missing bucket is full, so a key may expire
 * when its bucket would be full. An invalid value counts as full too, so the next write repairs it. Time is
 * that of Redis, which all routers share. If the clock of Redis is set back, the next request does
 * not refill the bucket. '%.0f' is needed because Lua prints large numbers as 1e+14.
 */
const LEVELS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local buckets = {}
for i, key in ipairs(KEYS) do
  local points, capacity, window = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local full = capacity * window
  local units, at = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
  local level = full
  if units then
    local elapsed = math.min(math.max(now - tonumber(at), 0), window)
    level = math.min(full, tonumber(units) + elapsed * capacity)
  end
  buckets[i] = { key = key, capacity = capacity, full = full, level = level, take = points * window }
end
local function store(bucket, units)
  local ttl = math.max(math.ceil((bucket.full - units) / bucket.capacity), 1)
  redis.call('SET', bucket.key, string.format('%.0f %.0f', units, now), 'PX', ttl)
  bucket.level = units
end
`;

const CHARGE = `${LEVELS}
local admitted = 1
for _, bucket in ipairs(buckets) do
  if bucket.level < bucket.take then admitted = 0 end
end
local response = { admitted }
for i, bucket in ipairs(buckets) do
  if admitted == 1 then store(bucket, bucket.level - bucket.take) end
  response[i + 1] = bucket.level
end
return response
`;

const REFUND = `${LEVELS}
for _, bucket in ipairs(buckets) do
  store(bucket, math.max(math.min(bucket.level + bucket.take, bucket.full), 0))
end
return 1
`;

/** Token buckets in Redis, shared by all routers. A single script call evaluates all buckets of a request. */
export class RedisBuckets {
  readonly #link: RedisLink;
  readonly #prefix: string;

  constructor(link: RedisLink) {
    this.#link = link;
    // One request charges several buckets, such as those of a user and of an address. All keys have the same
    // hash tag, because a script may access only keys in one slot of a Redis cluster.
    this.#prefix = `${link.keyPrefix}{rate-limit}:`;
    link.client.defineCommand('chargeBuckets', { lua: CHARGE });
    link.client.defineCommand('refundBuckets', { lua: REFUND });
  }

  /**
   * Takes the points of all debits from their buckets, or of none if one bucket holds too little. Rejects if
   * Redis does not respond.
   */
  async charge(debits: readonly Debit[]): Promise<Decision> {
    const response = await this.#link.withTimeout(
      this.#link.client.chargeBuckets(debits.length, ...this.#parameters(debits)),
    );
    return readDecision(
      debits.map(({ bucket }) => bucket),
      response,
    );
  }

  /**
   * Returns points to the buckets. A negative amount takes points, but no more than a bucket holds. Rejects
   * if Redis does not respond.
   */
  async refund(debits: readonly Debit[]): Promise<void> {
    await this.#link.withTimeout(this.#link.client.refundBuckets(debits.length, ...this.#parameters(debits)));
  }

  #parameters(debits: readonly Debit[]): (string | number)[] {
    return [
      ...debits.map(({ bucket }) => this.#prefix + bucket.key),
      ...debits.flatMap(({ bucket, points }) => [points, bucket.points, bucket.windowMs]),
    ];
  }
}

function readDecision(buckets: readonly Bucket[], response: unknown): Decision {
  if (!Array.isArray(response) || response.length !== buckets.length + 1)
    throw new Error('unexpected response of the script');
  const [admitted, ...levels]: unknown[] = response;
  return {
    admitted: admitted === 1,
    levels: buckets.map((bucket, index) => ({ bucket, units: readUnits(levels[index], bucket) })),
  };
}

function readUnits(value: unknown, bucket: Bucket): number {
  const units = Number(value);
  if (!(units >= 0 && units <= unitsOf(bucket.points, bucket)))
    throw new Error('unexpected level of a bucket');
  return units;
}
