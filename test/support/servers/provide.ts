import { messageOf } from '../../../router/shared/error-message.ts';

/** A server for the tests; disposing stops it if the tests started it. */
export type Provided = AsyncDisposable & {
  readonly url: string;
  /** Its source, in a form to print. */
  readonly from: string;
};

/** A source of a server: returns it, or the reason why it is not available. */
export type Source = () => Promise<Provided | { readonly missing: string }>;

/** No source had the server: the message lists how to provide one, and the failed attempts. */
export class NotProvided extends Error {
  override readonly name = 'NotProvided';
}

/**
 * Tries the sources in turn until one has the server.
 * @throws {NotProvided} if none has.
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

/** Returns a source of a server that runs already, from an environment variable. */
export function fromEnvironment(name: 'REDIS_URL' | 'DATABASE_URL'): Source {
  return async () => {
    const url = process.env[name];
    if (url === undefined || url === '') return { missing: `${name} is not set` };
    return { url, from: name, [Symbol.asyncDispose]: async () => undefined };
  };
}
