import type { Result } from 'ioredis';
import type { RedisLink } from '../redis.ts';
import { unitsOf } from './bucket.ts';
import type { Bucket } from './bucket.ts';
import type { Decision } from './local-buckets.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    chargeBuckets(keys: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    refundBuckets(keys: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
  }
}

/*
 * Stored per bucket: "units milliseconds". Missing means full, so a bucket expires when it would be full again;
 * so does anything else, so that a spoilt key mends itself.
 * The time is Redis's own: routers with wrong clocks agree. If it is set back, the bucket stands still for that once.
 * '%.0f' because Lua writes large numbers as 1e+14.
 */
const LEVELS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local points, levels = tonumber(ARGV[1]), {}
for i, key in ipairs(KEYS) do
  local capacity, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local full = capacity * window
  local units, at = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
  levels[i] = full
  if units then
    local elapsed = math.min(math.max(now - tonumber(at), 0), window)
    levels[i] = math.min(full, tonumber(units) + elapsed * capacity)
  end
end
local function store(i, units)
  local capacity, full = tonumber(ARGV[2 * i]), ARGV[2 * i] * ARGV[2 * i + 1]
  local ttl = math.max(math.ceil((full - units) / capacity), 1)
  redis.call('SET', KEYS[i], string.format('%.0f %.0f', units, now), 'PX', ttl)
  levels[i] = units
end
`;

const CHARGE = `${LEVELS}
local admitted = 1
for i in ipairs(KEYS) do
  if levels[i] < points * ARGV[2 * i + 1] then admitted = 0 end
end
if admitted == 1 then
  for i in ipairs(KEYS) do store(i, levels[i] - points * ARGV[2 * i + 1]) end
end
return { admitted, unpack(levels) }
`;

const REFUND = `${LEVELS}
for i in ipairs(KEYS) do
  store(i, math.min(levels[i] + points * ARGV[2 * i + 1], ARGV[2 * i] * ARGV[2 * i + 1]))
end
return 1
`;

/** Token buckets that all routers share; one script call decides over all buckets of a request. */
export class RedisBuckets {
  readonly #link: RedisLink;
  readonly #prefix: string;

  constructor(link: RedisLink) {
    this.#link = link;
    // One hash tag for all: a script may touch only keys of one slot, and a user and an address meet in any pairing.
    this.#prefix = `${link.keyPrefix}{budget}:`;
    link.client.defineCommand('chargeBuckets', { lua: CHARGE });
    link.client.defineCommand('refundBuckets', { lua: REFUND });
  }

  /** Takes `points` from every bucket, or from none. Rejects when Redis does not answer. */
  async charge(buckets: readonly Bucket[], points: number): Promise<Decision> {
    const parameters = this.#parameters(buckets, points);
    const answer = await this.#link.answered(this.#link.client.chargeBuckets(buckets.length, ...parameters));
    return readDecision(buckets, answer);
  }

  async refund(buckets: readonly Bucket[], points: number): Promise<void> {
    const parameters = this.#parameters(buckets, points);
    await this.#link.answered(this.#link.client.refundBuckets(buckets.length, ...parameters));
  }

  #parameters(buckets: readonly Bucket[], points: number): (string | number)[] {
    return [
      ...buckets.map(({ key }) => this.#prefix + key),
      points,
      ...buckets.flatMap((bucket) => [bucket.points, bucket.windowMs]),
    ];
  }
}

function readDecision(buckets: readonly Bucket[], answer: unknown): Decision {
  if (!Array.isArray(answer) || answer.length !== buckets.length + 1)
    throw new Error('unexpected answer of the script');
  const [admitted, ...levels]: unknown[] = answer;
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
