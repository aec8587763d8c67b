import { z } from 'zod';
import { existing } from './existing.ts';
import type { OpenRegistry } from './open-registry.ts';

const PAGE = 100;

const LIST = `query ($ref: ID!, $first: Int!, $after: String, $coordinate: String, $client: String, $sinceDays: Int) {
  variant(ref: $ref) {
    operations(first: $first, after: $after, coordinate: $coordinate, client: $client, sinceDays: $sinceDays) {
      edges { node { id name body calls lastSeen clients { name version calls errors lastSeen } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

const operationSchema = z.object({
  id: z.string(),
  name: z.string().nullable(),
  body: z.string(),
  calls: z.number().nullable(),
  lastSeen: z.string().nullable(),
  clients: z.array(
    z.object({
      name: z.string().nullable(),
      version: z.string().nullable(),
      calls: z.number(),
      errors: z.number().nullable(),
      lastSeen: z.string().nullable(),
    }),
  ),
});

/** An operation that clients send, or that a manifest lists. */
export type RegistryOperation = z.output<typeof operationSchema>;

const schema = z.object({
  variant: z
    .object({
      operations: z.object({
        edges: z.array(z.object({ node: operationSchema })),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
      }),
    })
    .nullable(),
});

/** The operations to list, and the maximum number of them. */
export type OperationFilter = {
  readonly coordinate?: string | undefined;
  readonly client?: string | undefined;
  readonly sinceDays?: number | undefined;
  readonly most?: number;
};

/** Returns recorded operations, those with the most calls first, page by page. */
export async function recordedOperations(
  { client: registry, ref }: OpenRegistry,
  { most = Infinity, ...filter }: OperationFilter,
): Promise<readonly RegistryOperation[]> {
  const found: RegistryOperation[] = [];
  let after: string | null = null;
  do {
    const first = Math.min(PAGE, most - found.length);
    const page: z.output<typeof schema> = await registry.request(
      LIST,
      { ref, first, after, ...filter },
      schema,
    );
    const { edges, pageInfo } = existing(page.variant, ref).operations;
    found.push(...edges.map(({ node }) => node));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null && found.length < most);
  return found;
}
