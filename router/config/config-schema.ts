import { z } from 'zod';
import { headersSchema } from './header-schema.ts';
import { degradation } from './degradation-schema.ts';
import { admin, cors, csrf, health, limits, listen, shutdown } from './endpoint-schema.ts';
import { SECRET_CHARACTERS, authentication, authorization, identity } from './identity-schema.ts';
import { overload } from './overload-schema.ts';
import { persistedOperations } from './persisted-operations-schema.ts';
import { rateLimit } from './rate-limit-schema.ts';
import { redis } from './redis-schema.ts';
import { planning, supergraph } from './supergraph-schema.ts';
import { telemetry } from './telemetry-schema.ts';
import { response, traffic } from './traffic-schema.ts';
import { count } from './values.ts';

/*
 * The one source of the configuration: its checks, its type, `router.schema.json` and the table in `docs/configuration.md`.
 * Durations are milliseconds (Ms) or seconds (S), sizes are bytes.
 */

const mode = z.enum(['development', 'production']);

export const configSchema = z
  .strictObject({
    mode: mode
      .default('development')
      .describe('`production` hides Sandbox and introspection. `NODE_ENV=production` overrides it.'),
    workers: count
      .max(256)
      .default(1)
      .describe('Processes that serve the port together. Without Redis each has its share of every budget.'),
    execution: z
      .literal('compiled', {
        error:
          'remove it: operations are executed by the router, and Apollo Gateway serves as a reference in its tests only',
      })
      .optional()
      .describe('Deprecated, has no effect.'),
    listen,
    admin,
    health,
    supergraph,
    sandbox: z
      .strictObject({
        enabled: z
          .boolean()
          .optional()
          .describe('Serve Apollo Sandbox on `/`. Default: only in development.'),
      })
      .prefault({}),
    cors,
    csrf,
    limits,
    overload,
    authentication,
    authorization,
    identity,
    rateLimit,
    persistedOperations,
    redis,
    traffic,
    headers: headersSchema,
    response,
    degradation,
    planning,
    telemetry,
    shutdown,
  })
  // Runs although other values are wrong, so that all problems are reported at once.
  .superRefine((config, context) => shortSecrets(config).forEach((issue) => context.addIssue(issue)), {
    when: () => true,
  });

const signedInProduction = z.object({
  mode: z.literal('production'),
  identity: z.object({ keys: z.array(z.unknown()) }),
});
const keyWithSecret = z.object({ secret: z.string().min(1) });

/** Returns the problems of a configuration whose other values may be wrong. */
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

/** The frozen configuration that every part is built from. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** The JSON schema of `router.yaml`, for editors and for the table in `docs/configuration.md`. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'router.yaml of Tributary' };
}
