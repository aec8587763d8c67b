import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { SECRET } from '../yaml/secret.ts';

/**
 * Matches a graph and its variant, such as `shop@production`. Releases of the graph are stored in a folder of
 * this name.
 */
export const GRAPH_REF = /^[a-z][\w-]*@[a-z][\w-]*$/i;

const API_KEY = /^trib_.+_(?<thumbprint>[\w-]{16})$/;

/** An Ed25519 public key in PEM. */
export const publicKeyPem = z
  .string()
  .refine(isEd25519, { message: 'must be the PEM text of an Ed25519 public key' });

/** Schema of the settings with which the router loads the supergraphs that a schema registry releases. */
export const registrySource = z
  .strictObject({
    url: z
      .url({
        protocol: /^https?$/,
        error: 'must be the HTTP address of the registry (`TRIBUTARY_REGISTRY` with `SUPERGRAPH`)',
      })
      .describe('Address of the registry.'),
    key: z
      .string({ error: 'must be an API key of the registry (`TRIBUTARY_KEY` with `SUPERGRAPH`)' })
      .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
      .describe(
        'API key with the role `read`, such as `${file.secrets/registry-key}`. It pins the signing key of the registry.',
      )
      .meta(SECRET),
    graph: z
      .string()
      .regex(GRAPH_REF, 'must be GRAPH@VARIANT, such as shop@production')
      .describe('Graph and variant, such as `shop@production`.'),
    publicKey: publicKeyPem
      .optional()
      .describe('Ed25519 public key in PEM that signs the releases, instead of the one that `key` pins.'),
    restoredAt: z.iso
      .datetime({ offset: true })
      .optional()
      .describe(
        'Time at which the registry was restored from a backup. Until its first release after that, the router accepts one with a lower sequence than it has seen before.',
      ),
  })
  .superRefine(({ key, publicKey }, context) => {
    if (publicKey === undefined && pinnedThumbprint(key) === undefined)
      context.addIssue({
        code: 'custom',
        path: ['key'],
        message: 'must be a key that the registry has created (trib_…), or set `publicKey`',
      });
  });

/**
 * Returns the shortened thumbprint (RFC 7638) at the end of a registry API key; undefined if there is none.
 * Only the signing key with this thumbprint may sign the registry's releases.
 */
export function pinnedThumbprint(key: string): string | undefined {
  return API_KEY.exec(key)?.groups?.['thumbprint'];
}

function isEd25519(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}
