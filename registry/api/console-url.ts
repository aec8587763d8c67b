import type { Services } from '../services.ts';
import type { CheckRow } from '../store/tables.ts';

/** Returns the address of a check in the console; null if the address of the console is not known. */
export function checkUrl({ settings }: Pick<Services, 'settings'>, { id }: Pick<CheckRow, 'id'>) {
  return settings.consoleUrl === null
    ? null
    : `${settings.consoleUrl}#/publish/checks/${encodeURIComponent(id)}`;
}
