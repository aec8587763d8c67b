import { unitsOf } from './bucket.ts';
import type { Bucket, Debit } from './bucket.ts';
import type { Decision } from './local-buckets.ts';

/**
 * Lua script that updates token buckets in Redis: it applies refunds, then charges. A charge changes no
 * bucket if one of its buckets holds too little.
 *
 * - The time is read from the clock of Redis, because the clocks of the routers may differ.
 * - A bucket is stored as the text "units milliseconds": its content, and the time of its last change. A
 *   bucket that is not stored counts as full.
 * - MGET loads 1,000 keys at a time, because the stack of Lua limits `unpack`.
 * - Numbers are formatted with '%.0f', because Lua would otherwise print large numbers as 1e+14.
 */
export const UPDATE_BUCKETS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local numbers, position = cjson.decode(ARGV[1]), 0
local function number()
  position = position + 1
  return numbers[position]
end

local buckets = {}
for from = 1, #KEYS, 1000 do
  local stored = redis.call('MGET', unpack(KEYS, from, math.min(from + 999, #KEYS)))
  for i, value in ipairs(stored) do
    local capacity, window = number(), number()
    local full = capacity * window
    local level, changed = full, false
    local units, at = string.match(value or '', '^(%d+) (%d+)$')
    if units then
      local elapsed = now - tonumber(at)
      changed = elapsed < 0
      level = math.min(full, tonumber(units) + math.min(math.max(elapsed, 0), window) * capacity)
    end
    buckets[from + i - 1] = { capacity = capacity, window = window, full = full, level = level, changed = changed }
  end
end

for _ = 1, number() do
  local bucket = buckets[number()]
  local refunded = bucket.level + number() * bucket.window
  bucket.level, bucket.changed = math.max(math.min(refunded, bucket.full), 0), true
end

local response = {}
for _ = 1, number() do
  local debited, levels, admitted = {}, {}, 1
  for i = 1, number() do
    local bucket = buckets[number()]
    local level = bucket.level - number() * bucket.window
    if level < 0 then admitted = 0 end
    debited[i], levels[i] = bucket, level
  end
  response[#response + 1] = admitted
  for i, bucket in ipairs(debited) do
    if admitted == 1 then bucket.level, bucket.changed = levels[i], true end
    response[#response + 1] = bucket.level
  end
end

for i, bucket in ipairs(buckets) do
  if bucket.changed then
    local ttl = math.max(math.ceil((bucket.full - bucket.level) / bucket.capacity), 1)
    redis.call('SET', KEYS[i], string.format('%.0f %.0f', bucket.level, now), 'PX', ttl)
  end
end
return response
`;

/**
 * Charges and refunds of token buckets that are sent to Redis together, in one call of the Lua script
 * `UPDATE_BUCKETS`.
 */
export class BucketBatch {
  readonly #keys: string[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #sizes: number[] = [];
  readonly #refunds: number[] = [];
  readonly #debits: number[] = [];
  readonly #charges: (readonly Debit[])[] = [];

  /** Number of charges in this batch. */
  get charges(): number {
    return this.#charges.length;
  }

  /** Number of refunds in this batch; a refund to two buckets counts twice. */
  get refunds(): number {
    return this.#refunds.length / 2;
  }

  /** Number of different buckets that this batch changes. */
  get buckets(): number {
    return this.#keys.length;
  }

  /** Adds a charge to the batch. Returns its index in the list of decisions that the batch results in. */
  charge(debits: readonly Debit[]): number {
    this.#debits.push(debits.length);
    for (const { bucket, points } of debits) this.#debits.push(this.#indexOf(bucket), points);
    return this.#charges.push(debits) - 1;
  }

  /**
   * Adds a refund to the batch. If the number of points is negative, they are charged, but no more than the
   * bucket holds.
   */
  refund({ bucket, points }: Debit): void {
    this.#refunds.push(this.#indexOf(bucket), points);
  }

  /**
   * Returns the Redis keys of the buckets, which the Lua script receives as `KEYS`. All begin with `prefix`.
   */
  keys(prefix: string): readonly string[] {
    return this.#keys.map((key) => prefix + key);
  }

  /**
   * Returns `ARGV[1]` of the Lua script, a JSON array of numbers in this order: the size of each bucket, the
   * number of refunds, each refund, the number of charges, and for each charge the number of its debits and
   * the debits. A refund or debit refers to its bucket by the index of the Redis key, from 1.
   */
  numbers(): string {
    return JSON.stringify([...this.#sizes, this.refunds, ...this.#refunds, this.charges, ...this.#debits]);
  }

  /**
   * Reads the response of the Lua script: for each charge, in their order, whether it was admitted, and what
   * its buckets hold afterwards.
   * @throws {Error} if the response is invalid
   */
  decisions(response: unknown): readonly Decision[] {
    if (!Array.isArray(response)) throw new Error('unexpected response of the script');
    const values: readonly unknown[] = response;
    let next = 0;
    const decisions = this.#charges.map((debits) => ({
      admitted: values[next++] === 1,
      levels: debits.map(({ bucket }) => ({ bucket, units: readUnits(values[next++], bucket) })),
    }));
    if (next !== values.length) throw new Error('unexpected response of the script');
    return decisions;
  }

  #indexOf({ key, points, windowMs }: Bucket): number {
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.#keys.push(key);
    this.#indexes.set(key, index);
    this.#sizes.push(points, windowMs);
    return index;
  }
}

function readUnits(value: unknown, bucket: Bucket): number {
  if (typeof value === 'number' && value >= 0 && value <= unitsOf(bucket.points, bucket)) return value;
  throw new Error('unexpected level of a bucket');
}
