import { hash } from 'node:crypto';
import { RouterError } from '../errors.ts';
import type { ClientRequest } from './client-request.ts';

/**
 * Refuses a `persistedQuery` extension that is malformed or whose hash is not the document's, before Apollo Server sees
 * it: some of these make it fail, the others get no code from it.
 * @throws {RouterError} BAD_REQUEST
 */
export function checkPersistedQuery(request: ClientRequest, source: string | undefined): void {
  const persisted = member(extensionsOf(request), 'persistedQuery');
  if (persisted === undefined || persisted === null) return;
  const sha256 = member(persisted, 'sha256Hash');
  if (member(persisted, 'version') !== 1) throw refused('its version must be 1');
  if (typeof sha256 !== 'string' || !/^[\da-f]{64}$/.test(sha256))
    throw refused('its sha256Hash must be 64 hexadecimal digits in lower case');
  if (source !== undefined && hash('sha256', source) !== sha256)
    throw refused('its sha256Hash is not the hash of the document');
}

function refused(defect: string): RouterError {
  return new RouterError('BAD_REQUEST', `the extension persistedQuery is malformed: ${defect}`);
}

function extensionsOf({ method, body, search }: ClientRequest): unknown {
  if (method === 'POST') return member(body, 'extensions');
  try {
    return JSON.parse(new URLSearchParams(search).get('extensions') ?? 'null');
  } catch {
    // Apollo Server says what is wrong with it.
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
