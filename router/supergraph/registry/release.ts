import { compactVerify, errors } from 'jose';
import type { CryptoKey, KeyObject } from 'jose';
import { z } from 'zod';
import { rolloutSettingsSchema } from '../../rollout/rollout-settings.ts';

const launch = z.int().min(1);
const sha256 = z.string().regex(/^[\da-f]{64}$/, 'must be 64 hexadecimal digits in lower case');
const tags = z.array(z.string().min(1)).default([]);

const publishedContract = z.object({
  name: z.string().min(1),
  include: tags,
  exclude: tags,
  hideUnreachable: z.boolean().default(true),
});

/**
 * Content of a registry's release: a signed statement of which supergraphs the routers of a graph variant
 * serve. Each change of the variant (publish, step of a canary, rollback) makes a new release with a higher
 * `sequence`. Unknown fields are ignored, so that newer registries may add fields.
 */
const releaseSchema = z.object({
  version: z.literal(1, { error: 'this router reads version 1; update the router' }),
  graph: z.string().min(1),
  variant: z.string().min(1),
  sequence: z.int().min(1),
  issuedAt: z.iso.datetime({ offset: true }),
  serving: z.object({ launch, sha256 }),
  canary: z
    .object({
      launch,
      sha256,
      percent: z.number().min(0).max(100),
      state: z.enum(['running', 'paused']),
      /**
       * Sequence number of the release with which the canary began. A higher number shows that the same
       * supergraph has become a canary again after a rollback.
       */
      began: z.int().min(1).optional(),
      /**
       * Contracts of the canary's supergraph; absent if they are the same as those of the release's main
       * supergraph.
       */
      contracts: z.array(publishedContract).optional(),
    })
    .nullable(),
  rollback: z.boolean(),
  reason: z.string().nullable().default(null),
  rollout: rolloutSettingsSchema.nullable().default(null),
  contracts: z.array(publishedContract).default([]),
});

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/**
 * A verified release of a registry, which states the supergraphs that the routers of one graph variant serve.
 */
export type Release = DeepReadonly<z.output<typeof releaseSchema>>;

/** A contract that was published to a registry: its name, and the tags that it includes and excludes. */
export type PublishedContract = Release['contracts'][number];

/**
 * A release as the registry signed it (compact JWS), with the public key (JWK) that verifies the signature.
 */
export type SignedRelease = { readonly jws: string; readonly jwk: unknown };

export type VerifiedRelease =
  | { readonly kind: 'valid'; readonly release: Release }
  | { readonly kind: 'invalid'; readonly reason: string };

export type ExpectedRelease = {
  /** Public Ed25519 key with which the registry signs its releases. */
  readonly key: CryptoKey | KeyObject;
  /** Graph and variant, such as `shop@production`. */
  readonly graph: string;
};

/** Verifies the signature of a release (compact JWS), and that the release is for the expected graph. */
export async function verifyRelease(jws: string, expected: ExpectedRelease): Promise<VerifiedRelease> {
  const payload = await verifiedPayload(jws, expected.key);
  if (payload.kind === 'invalid') return payload;
  const parsed = releaseSchema.safeParse(payload.json);
  if (!parsed.success) return invalid(`the release is not valid: ${issuesOf(parsed.error)}`);
  const { graph, variant } = parsed.data;
  if (`${graph}@${variant}` !== expected.graph)
    return invalid(`the release is one of ${graph}@${variant}, expected one of ${expected.graph}`);
  return { kind: 'valid', release: parsed.data };
}

type Payload =
  | { readonly kind: 'valid'; readonly json: unknown }
  | { readonly kind: 'invalid'; readonly reason: string };

async function verifiedPayload(jws: string, key: ExpectedRelease['key']): Promise<Payload> {
  try {
    const { payload } = await compactVerify(jws, key, { algorithms: ['EdDSA', 'Ed25519'] });
    return { kind: 'valid', json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) };
  } catch (error) {
    return invalid(reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'the signature of the release does not match: the release was altered, or signed with another key than the trusted one. If the registry has a new signing key, configure an API key that it has created since';
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'the release is signed with another algorithm than EdDSA (Ed25519)';
  return 'the response is not a signed release (compact JWS with a JSON payload)';
}

function invalid(reason: string): { readonly kind: 'invalid'; readonly reason: string } {
  return { kind: 'invalid', reason };
}

function issuesOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || '(top level)'}: ${message}`).join(', ');
}
