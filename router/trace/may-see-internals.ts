import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import type { Identity } from '../request/identity.ts';
import { isDebugToken } from './debug-token.ts';

/** Returns whether the sender of a request may see its trace and its query plan. */
export type MaySeeInternals = (headers: IncomingHttpHeaders, identity: Identity) => boolean;

/** Request header with a token of `tributary debug-token`. */
const DEBUG_HEADER = 'tributary-debug';

/**
 * Creates the check for traces and query plans. They show the structure of the graph behind the API and how
 * its services behave, so in production only users with a role and holders of a debug token see them.
 */
export function createInternalsPermission(
  { mode, trace, identity: { keys } }: Pick<Config, 'mode' | 'trace' | 'identity'>,
  { now }: { readonly now: () => number },
): MaySeeInternals {
  const expose = trace.expose ?? (mode === 'development' ? 'everyone' : 'authorized');
  switch (expose) {
    case 'everyone':
      return () => true;
    case 'never':
      return () => false;
    case 'authorized':
      return (headers, identity) => {
        if (identity.kind === 'user' && identity.roles.includes(trace.role)) return true;
        const token = headers[DEBUG_HEADER];
        return typeof token === 'string' && isDebugToken(token, keys, now());
      };
  }
}
