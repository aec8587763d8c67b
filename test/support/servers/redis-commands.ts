import type { Redis } from 'ioredis';

/**
 * Commands that are not counted: those that scripts of the router run in Redis, and the one that reads the
 * statistics.
 */
const NOT_COUNTED = new Set(['get', 'mget', 'set', 'time', 'info']);

/** Returns the number of commands that a Redis has received from clients since its start. */
export async function commandsReceived(redis: Pick<Redis, 'info'>): Promise<number> {
  const statistics = await redis.info('commandstats');
  let commands = 0;
  for (const [, name = '', calls] of statistics.matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm))
    if (!NOT_COUNTED.has(name)) commands += Number(calls);
  return commands;
}
