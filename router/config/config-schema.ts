import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { consoleSchema } from './console/console-schema.ts';
import { headersSchema } from './header-schema.ts';
import { degradation } from './degradation-schema.ts';
import { admin, cors, csrf, health, limits, listen, shutdown } from './endpoint-schema.ts';
import { SECRET_CHARACTERS, authentication, authorization, identity } from './identity-schema.ts';
import { overload } from './overload-schema.ts';
import { overrides } from './overrides-schema.ts';
import { persistedOperations } from './persisted-operations-schema.ts';
import { rateLimit } from './rate-limit-schema.ts';
import { redis } from './redis-schema.ts';
import { graphs, planning, supergraph } from './supergraph-schema.ts';
import { telemetry, trace, usage } from './telemetry-schema.ts';
import { response, traffic } from './traffic-schema.ts';
import { RELOADABLE, count } from './values.ts';

/**
 * Paths that the client port uses for health checks and pages. `listen.path` and the paths of other graphs
 * must differ from them.
 */
const RESERVED_PATHS = new Set(['/health', '/health/ready', '/health/live', '/livez', '/readyz', '/sandbox']);

function isReserved(path: string): boolean {
  return RESERVED_PATHS.has(path) || path === '/console' || path.startsWith('/console/');
}

const mode = z.enum(['development', 'production']);

/**
 * Defines the configuration: its validation, its type, `router.schema.json` and the table in
 * `docs/configuration.md`. Durations are in milliseconds (Ms) or seconds (S), sizes in bytes.
 */
export const configSchema = z
  .strictObject({
    mode: mode
      .default('development')
      .describe('`production` hides Sandbox and introspection. `NODE_ENV=production` overrides it.'),
    workers: count
      .max(256)
      .default(1)
      .describe(
        'Number of processes that share the port. Without Redis each enforces its share of every rate limit.',
      ),
    execution: z
      .literal('compiled', {
        error:
          'remove this key: the router executes operations itself, Apollo Gateway is only the reference in its tests',
      })
      .optional()
      .describe('Deprecated, has no effect.'),
    listen,
    admin,
    console: consoleSchema,
    health,
    supergraph,
    graphs,
    sandbox: z
      .strictObject({
        enabled: z
          .boolean()
          .optional()
          .describe(
            'Serve Apollo Sandbox on `/sandbox`, and on `/` if the console is disabled. Default: true in development, false in production.',
          ),
      })
      .prefault({}),
    cors: cors.meta(RELOADABLE),
    csrf: csrf.meta(RELOADABLE),
    limits: limits.meta(RELOADABLE),
    overload,
    authentication,
    authorization: authorization.meta(RELOADABLE),
    identity,
    rateLimit: rateLimit.meta(RELOADABLE),
    persistedOperations,
    redis,
    traffic: traffic.meta(RELOADABLE),
    headers: headersSchema.meta(RELOADABLE),
    response: response.meta(RELOADABLE),
    degradation: degradation.meta(RELOADABLE),
    overrides: overrides.meta(RELOADABLE),
    planning: planning.meta(RELOADABLE),
    telemetry,
    trace: trace.meta(RELOADABLE),
    usage,
    shutdown,
  })
  .superRefine(({ graphs: named, listen: { path } }, context) => {
    for (const [name, graph] of Object.entries(named))
      if (graph.path === path || isReserved(graph.path ?? ''))
        context.addIssue({
          code: 'custom',
          path: ['graphs', name, 'path'],
          message: `${graph.path} is a path of the router`,
        });
  })
  .superRefine(({ graphs: named, supergraph: { registry, sources = [] } }, context) => {
    if (registry !== undefined || sources.some((source) => source.registry !== undefined)) return;
    for (const [name] of Object.entries(named).filter(([, { contract }]) => contract !== undefined))
      context.addIssue({
        code: 'custom',
        path: ['graphs', name, 'contract'],
        message: 'requires `supergraph.registry`, to which the contract is published',
      });
  })
  .superRefine((config, context) => samePorts(config).forEach((issue) => context.addIssue(issue)))
  // `when` makes zod check secrets even if other values are invalid, so that one error lists all problems.
  .superRefine((config, context) => shortSecrets(config).forEach((issue) => context.addIssue(issue)), {
    when: () => true,
  });

type Listener = { readonly host: string; readonly port?: number | undefined };

/** Returns an issue for each port that another part of the router listens on at the same address. */
function samePorts({
  listen: client,
  admin: { enabled, ...operators },
  health: probes,
}: {
  readonly listen: Listener;
  readonly admin: Listener & { readonly enabled: boolean };
  readonly health: Listener;
}): z.core.$ZodSuperRefineIssue[] {
  const listeners = [
    { key: 'listen', ...client },
    ...(enabled ? [{ key: 'admin', ...operators }] : []),
    { key: 'health', ...probes },
  ];
  return listeners.flatMap(({ key, host, port }, index) => {
    const other = listeners.slice(0, index).find((one) => one.port === port && isSameAddress(one.host, host));
    // Each listener with port 0 gets another free port.
    if (other === undefined || port === undefined || port === 0) return [];
    const message = `must differ from \`${other.key}.port\`; 0 selects a free port`;
    return [{ code: 'custom', input: port, path: [key, 'port'], message }];
  });
}

const ALL_ADDRESSES = new Set(['::', '']);

// Other names are compared as text only: `localhost`, for example, may be 127.0.0.1 or ::1.
function isSameAddress(one: string, other: string): boolean {
  if (one === other || ALL_ADDRESSES.has(one) || ALL_ADDRESSES.has(other)) return true;
  return (one === '0.0.0.0' && isIPv4(other)) || (other === '0.0.0.0' && isIPv4(one));
}

const signedInProduction = z.object({
  mode: z.literal('production'),
  identity: z.object({ keys: z.array(z.unknown()) }),
});
const keyWithSecret = z.object({ secret: z.string().min(1) });

/**
 * Returns an issue for each secret that is too short, even if other values of the configuration are invalid.
 */
function shortSecrets(config: unknown): z.core.$ZodSuperRefineIssue[] {
  const { data } = signedInProduction.safeParse(config);
  return (data?.identity.keys ?? []).flatMap((key, index) => {
    const secret = keyWithSecret.safeParse(key).data?.secret;
    if (secret === undefined || secret.length >= SECRET_CHARACTERS) return [];
    const path = ['identity', 'keys', index, 'secret'];
    return [
      {
        code: 'too_small',
        origin: 'string',
        minimum: SECRET_CHARACTERS,
        inclusive: true,
        input: secret,
        path,
      },
    ];
  });
}

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The validated, frozen configuration. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** The JSON schema of `router.yaml`, for editors and for the table in `docs/configuration.md`. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'router.yaml of Tributary' };
}
