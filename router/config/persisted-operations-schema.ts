import { z } from 'zod';
import { count } from './values.ts';

const manifestFile = z.string().min(1);

export const persistedOperations = z
  .strictObject({
    automatic: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Store documents that clients send together with their SHA-256.'),
        ttlS: count.default(86_400).describe('Time after its last use when Redis deletes a document.'),
        memoryBytes: count
          .default(16_777_216)
          .describe('Maximum memory for documents in this process; the least recently used are evicted.'),
      })
      .prefault({})
      .describe(
        'Automatic persisted queries. With `safelist: enforce` only operations of the manifests are served.',
      ),
    safelist: z
      .enum(['off', 'audit', 'enforce'])
      .default('off')
      .describe(
        'Treatment of operations that are on no manifest: `off` serves them, `audit` serves and logs them, `enforce` rejects them.',
      ),
    manifest: manifestFile
      .optional()
      .describe(
        "Manifest for all clients, a file in Apollo's manifest format. It is reloaded when it changes.",
      ),
    clients: z
      .record(z.string(), manifestFile)
      .default({})
      .describe('Manifest of each client, by the value of its `apollographql-client-name` header.'),
  })
  .prefault({})
  .refine(
    ({ safelist, manifest, clients }) =>
      safelist === 'off' || manifest !== undefined || Object.keys(clients).length > 0,
    { path: ['safelist'], message: 'requires a manifest' },
  );
