import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import type { Identity } from '../request/identity.ts';
import { isDebugToken } from './debug-token.ts';

/** Returns whether the sender of a request may see its trace and its query plan. */
export type MaySeeInternals = (headers: IncomingHttpHeaders, identity: Identity) => boolean;

/** Name of the request header with a debug token, which `tributary debug-token` creates. */
const DEBUG_HEADER = 'tributary-debug';

/**
 * Returns which callers may see traces and query plans: those that the configuration names, or the default of
 * the mode (development or production).
 */
export function exposureOf({ mode, trace }: Pick<Config, 'mode' | 'trace'>) {
  return trace.expose ?? (mode === 'development' ? 'everyone' : 'authorized');
}

/**
 * Creates the check whether a caller may see traces and query plans. These show the structure of the graph
 * and how its subgraphs behave, so in production only two kinds of callers see them: users whose token has
 * the role `trace.role`, and holders of a debug token.
 */
export function createInternalsPermission(
  config: Pick<Config, 'mode' | 'trace' | 'identity'>,
  { now }: { readonly now: () => number },
): MaySeeInternals {
  const { role } = config.trace;
  const { keys } = config.identity;
  switch (exposureOf(config)) {
    case 'everyone':
      return () => true;
    case 'never':
      return () => false;
    case 'authorized':
      return (headers, identity) => {
        if (identity.kind === 'user' && identity.roles.includes(role)) return true;
        const token = headers[DEBUG_HEADER];
        return typeof token === 'string' && isDebugToken(token, keys, now());
      };
  }
}
