import { messageOf } from '../../../router/shared/error-message.ts';

/** A server for the tests; disposing stops it when the tests started it. */
export type Provided = AsyncDisposable & {
  readonly url: string;
  /** Where it comes from, as told to whoever runs the tests. */
  readonly from: string;
};

/** One place to look for a server: gives it, or the reason why this place has none. */
export type Source = () => Promise<Provided | { readonly missing: string }>;

/** No source had the server: the message names the ways out, and what was tried. */
export class NotProvided extends Error {
  override readonly name = 'NotProvided';
}

/**
 * Asks the sources in turn until one has the server.
 * @throws {NotProvided} when none has.
 */
export async function provide(
  server: string,
  sources: readonly Source[],
  waysOut: readonly string[],
): Promise<Provided> {
  const reasons: string[] = [];
  for (const source of sources) {
    const result = await source().catch((error: unknown) => ({ missing: messageOf(error) }));
    if (!('missing' in result)) return result;
    reasons.push(result.missing);
  }
  const ways = waysOut.map((way) => `  - ${way}`).join('\n');
  throw new NotProvided(
    `The tests need a real ${server}, and none was found (${reasons.join('; ')}). Any one of these helps:\n${ways}`,
  );
}

/** A server that somebody else runs. */
export function fromEnvironment(name: 'REDIS_URL' | 'DATABASE_URL'): Source {
  return async () => {
    const url = process.env[name];
    if (url === undefined || url === '') return { missing: `${name} is not set` };
    return { url, from: name, [Symbol.asyncDispose]: async () => undefined };
  };
}
