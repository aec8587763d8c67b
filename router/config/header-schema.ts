import { z } from 'zod';
import { isProtectedRequestHeader, isProtectedResponseHeader } from '../shared/protected-headers.ts';
import type { IsProtected } from '../shared/protected-headers.ts';

const ONE_SELECTOR = { message: 'needs either named or matching' };
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const value = z.string().regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII');

const merge = z
  .enum(['first', 'last', 'append'])
  .default('last')
  .describe(
    'When several answers have it: which counts, in the order they come. `set-cookie` is always appended; of `cache-control` the most restrictive counts.',
  );

const requestRule = ruleSchema(
  isProtectedRequestHeader,
  propagation(z.strictObject(propagated(isProtectedRequestHeader))),
);
const responseRule = ruleSchema(
  isProtectedResponseHeader,
  propagation(z.strictObject({ ...propagated(isProtectedResponseHeader), merge })),
);

const forwardedPart = z.enum(['for', 'proto', 'host']);
const requestRules = z.array(requestRule).default([]);
const responseRules = z.array(responseRule).default([]);

/** The part `headers` of `router.yaml`. */
export const headersSchema = z
  .strictObject({
    request: requestRules.describe('What of a client reaches the subgraphs, rule by rule in this order.'),
    response: responseRules.describe(
      'Which headers of each subgraph response reach the client. What `insert` adds is on every response, errors included, except `cache-control` and `set-cookie`. Passing `set-cookie` on switches `traffic.deduplication` off.',
    ),
    forwarded: z
      .strictObject({
        mutations: z
          .array(forwardedPart)
          .default(['for', 'proto', 'host'])
          .describe('Which go with mutations, which are never deduplicated.'),
        queries: z
          .array(forwardedPart)
          .default([])
          .describe(
            'Which go with queries. Only callers with equal values then share queries in flight and stale values: `for` all but ends that.',
          ),
      })
      .prefault({})
      .describe(
        'Which of `X-Forwarded-For`, `-Proto` and `-Host` subgraphs receive. What a client claims counts if it comes through one of `listen.trustedProxies`.',
      ),
    subgraphs: z
      .record(z.string(), z.strictObject({ request: requestRules, response: responseRules }))
      .default({})
      .describe('More rules for one subgraph, by name, after those for all.'),
  })
  .prefault({});

type Selector = { readonly named?: string | undefined; readonly matching?: string | undefined };
type Propagation = Selector & {
  readonly rename?: string | undefined;
  readonly default?: string | undefined;
};

function ruleSchema<Propagate extends z.ZodType<Propagation>>(
  isProtected: IsProtected,
  propagate: Propagate,
) {
  const insert = z.strictObject({
    name: nameSchema(isProtected).describe('Name of the header.'),
    value: value.describe('Its value.'),
  });
  const remove = z.strictObject(selector(isProtected)).refine(selectsOnce, ONE_SELECTOR);
  return z
    .strictObject({
      propagate: propagate.optional().describe('Pass a header on.'),
      insert: insert.optional().describe('Add a header.'),
      remove: remove.optional().describe('Take back what rules before this one have passed on or added.'),
    })
    .refine((rule) => Object.values(rule).filter((part) => part !== undefined).length === 1, {
      message: 'a rule is one of propagate, insert and remove',
    });
}

function propagation<Schema extends z.ZodType<Propagation>>(schema: Schema): Schema {
  return schema
    .refine(selectsOnce, ONE_SELECTOR)
    .refine((rule) => rule.named !== undefined || (rule.rename ?? rule.default) === undefined, {
      message: 'rename and default need named',
    });
}

function propagated(isProtected: IsProtected) {
  return {
    ...selector(isProtected),
    rename: nameSchema(isProtected).optional().describe('Name under which it travels on; with `named` only.'),
    default: value.optional().describe('Value when it is absent; with `named` only.'),
  };
}

function selector(isProtected: IsProtected) {
  return {
    named: nameSchema(isProtected).optional().describe('Name of one header.'),
    matching: patternSchema()
      .optional()
      .describe('Regular expression for whole names; never matches a protected header.'),
  };
}

function selectsOnce({ named, matching }: Selector): boolean {
  return (named === undefined) !== (matching === undefined);
}

function nameSchema(isProtected: IsProtected) {
  return z
    .string()
    .regex(TOKEN, 'is no name of a header')
    .refine((name) => !(isProtected(name) && /^x.forwarded./i.test(name)), {
      message: 'is set by the router: see `headers.forwarded`',
      abort: true,
    })
    .refine((name) => !isProtected(name), {
      message:
        'is protected: connection, content, credential, identity and signature headers, and those the router sets itself, are not for rules',
    });
}

function patternSchema() {
  return z.string().min(1).refine(isPattern, { message: 'is no regular expression' });
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}
