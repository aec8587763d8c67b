import { z } from 'zod';
import { parseYamlDocument } from '../router/config/yaml/parse-document.ts';
import { lineAt } from '../router/config/yaml/yaml-places.ts';
import { messageOf } from '../router/shared/error-message.ts';
import { isRecord } from '../router/shared/is-record.ts';
import { withoutByteOrderMark } from '../router/shared/utf8.ts';
import type { UnlistedUse } from './changes/unlisted-use.ts';
import type { RecordedClient, RecordedOperation } from './recorded-operation.ts';

/** Thrown for a manifest that cannot be read. The message has a line for each problem, with file and line. */
export class ManifestError extends Error {}

const client = z.object({
  name: z.string(),
  version: z.string().nullish(),
  calls: z.number().min(0).nullish(),
  lastSeen: z.string().nullish(),
});

const apolloManifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string().nullish(),
      body: z.string().min(1),
      clientName: z.string().nullish(),
      clients: z.array(client).optional(),
      variables: z.array(z.record(z.string(), z.unknown())).optional(),
    }),
  ),
});

const relayManifest = z.record(z.string(), z.string().min(1));

/**
 * Reads the operations of a manifest: Apollo's format, also with the clients that the router records, or
 * Relay's map from ids to documents.
 * @throws {ManifestError}
 */
export function readManifest(text: string, fileName: string): readonly RecordedOperation[] {
  const content = parseJson(text, fileName);
  const isRelay = isRecord(content) && !('format' in content) && !('operations' in content);
  const read = isRelay ? relayOperations(content) : apolloOperations(content);
  if (read.kind === 'read') return mergeOperations(read.operations, fileName);
  const { places } = parseYamlDocument(text, fileName);
  const problems = read.issues.map(({ path, message }) => {
    const keys = path.map((key) => (typeof key === 'symbol' ? String(key) : key));
    const place = keys.length === 0 ? '' : `${keys.join('.')}: `;
    return `${fileName}:${lineAt(places, keys)}: ${place}${message}`;
  });
  throw new ManifestError(problems.slice(0, MAX_PROBLEMS).join('\n'));
}

const MAX_PROBLEMS = 10;

type Read =
  | { readonly kind: 'read'; readonly operations: readonly RecordedOperation[] }
  | { readonly kind: 'invalid'; readonly issues: readonly z.core.$ZodIssue[] };

function apolloOperations(content: unknown): Read {
  const parsed = apolloManifest.safeParse(content);
  if (!parsed.success) return { kind: 'invalid', issues: parsed.error.issues };
  return {
    kind: 'read',
    operations: parsed.data.operations.map(({ id, name, body, clientName, clients = [], variables }) => ({
      id,
      body,
      ...(variables !== undefined && { variables }),
      name: name ?? null,
      clients: [
        ...(clientName == null ? [] : [{ name: clientName, calls: null }]),
        ...clients.map((one) => ({
          name: one.name,
          version: one.version ?? null,
          calls: one.calls ?? null,
          lastSeen: one.lastSeen ?? null,
        })),
      ],
    })),
  };
}

function relayOperations(content: unknown): Read {
  const parsed = relayManifest.safeParse(content);
  if (!parsed.success) return { kind: 'invalid', issues: parsed.error.issues };
  return { kind: 'read', operations: Object.entries(parsed.data).map(([id, body]) => ({ id, body })) };
}

const recordedFile = z.looseObject({ droppedCoordinates: z.record(z.string(), z.number()) });

/** Returns the use by operations that a router counted without recording their documents, by coordinate. */
export function readUnlistedUse(text: string): UnlistedUse {
  return recordedFile.safeParse(JSON.parse(withoutByteOrderMark(text))).data?.droppedCoordinates ?? {};
}

/**
 * Merges the clients of operations that are listed several times, in one manifest or in several.
 * @throws {ManifestError} if two operations have the same id
 */
export function mergeOperations(
  operations: readonly RecordedOperation[],
  source: string,
): readonly RecordedOperation[] {
  const byId = new Map<string, RecordedOperation & { readonly clients: readonly RecordedClient[] }>();
  for (const operation of operations) {
    const known = byId.get(operation.id);
    if (known !== undefined && known.body !== operation.body)
      throw new ManifestError(`${source}: the id ${operation.id} is used by two operations`);
    const clients = [...(known?.clients ?? []), ...(operation.clients ?? [])];
    byId.set(operation.id, { ...operation, clients });
  }
  return [...byId.values()];
}

function parseJson(text: string, fileName: string): unknown {
  try {
    return JSON.parse(withoutByteOrderMark(text));
  } catch (error) {
    const message = messageOf(error);
    const [, offset] = /position (\d+)/.exec(message) ?? [];
    const before = text.slice(0, offset === undefined ? text.length : Number(offset)).split('\n');
    const position = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
    throw new ManifestError(`${fileName}:${position}: ${message.replace(/ \(line.*\)$/, '')}`);
  }
}
