import type { Config } from '../../router/config/config-schema.ts';
import { reachable } from './service.ts';

/** Returns the address of the console of a router; undefined if it serves none. */
export function consoleUrl({ console, admin, listen, mode }: Config): string | undefined {
  if (!console.enabled) return undefined;
  if (mode === 'development') return `http://${reachable(listen.host)}:${listen.port}/`;
  return admin.enabled ? `http://${reachable(admin.host)}:${admin.port}/console` : undefined;
}
