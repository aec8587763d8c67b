import { z } from 'zod';
import { count } from './values.ts';

const manifestFile = z.string().min(1);

export const persistedOperations = z
  .strictObject({
    automatic: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Keep documents that clients send with their SHA-256.'),
        ttlS: count.default(86_400).describe('How long Redis keeps one that nobody asks for.'),
        memoryBytes: count
          .default(16_777_216)
          .describe('Memory for documents in this process; the longest unused are forgotten.'),
      })
      .prefault({})
      .describe('Automatic persisted queries. With `safelist: enforce` only manifests count.'),
    safelist: z
      .enum(['off', 'audit', 'enforce'])
      .default('off')
      .describe('Of operations that are on no manifest: serve them, log them too, or refuse them.'),
    manifest: manifestFile
      .optional()
      .describe("Operations of all clients, in Apollo's manifest format; read again when it changes."),
    clients: z
      .record(z.string(), manifestFile)
      .default({})
      .describe('Manifests of single clients, by the header `apollographql-client-name`.'),
  })
  .prefault({})
  .refine(
    ({ safelist, manifest, clients }) =>
      safelist === 'off' || manifest !== undefined || Object.keys(clients).length > 0,
    { path: ['safelist'], message: 'needs a manifest' },
  );
