import { z } from 'zod';
import { HEADER_NAME } from '../shared/http/header-syntax.ts';
import { isProtectedRequestHeader, isProtectedResponseHeader } from '../shared/http/protected-headers.ts';
import type { IsProtected } from '../shared/http/protected-headers.ts';
import { SECRET } from './yaml/secret.ts';

const ONE_SELECTOR = { message: 'requires exactly one of `named` and `matching`' };
const value = z.string().regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII');

const merge = z
  .enum(['first', 'last', 'append'])
  .default('last')
  .describe(
    'Value to use when several subgraph responses have the header, in order of arrival. `set-cookie` is always appended; for `cache-control` the most restrictive value is used.',
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

/**
 * Schema of the key `headers` in `router.yaml`: rules for headers that are passed to subgraphs and to
 * clients.
 */
export const headersSchema = z
  .strictObject({
    request: requestRules.describe(
      'Rules for the request headers that subgraphs receive, applied in this order.',
    ),
    response: responseRules.describe(
      'Rules for the subgraph response headers that clients receive. Headers of `insert` are added to every response, including errors, except `cache-control` and `set-cookie`. Passing on `set-cookie` disables `traffic.deduplication`.',
    ),
    forwarded: z
      .strictObject({
        mutations: z
          .array(forwardedPart)
          .default(['for', 'proto', 'host'])
          .describe('Rules for mutations, which are never deduplicated.'),
        queries: z
          .array(forwardedPart)
          .default([])
          .describe(
            'Rules for queries. Queries in flight and stale values are shared only between callers with equal values of these headers, so propagating `for` practically disables sharing.',
          ),
      })
      .prefault({})
      .describe(
        '`X-Forwarded-For`, `-Proto` and `-Host` headers that subgraphs receive. Values sent by clients are used only from `listen.trustedProxies`.',
      ),
    subgraphs: z
      .record(z.string(), z.strictObject({ request: requestRules, response: responseRules }))
      .default({})
      .describe('Additional rules for one subgraph, by name. They apply after the rules for all subgraphs.'),
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
    value: value.describe('Value of the header.').meta(SECRET),
  });
  const remove = z.strictObject(selector(isProtected)).refine(selectsOnce, ONE_SELECTOR);
  return z
    .strictObject({
      propagate: propagate.optional().describe('Pass a header on.'),
      insert: insert.optional().describe('Add a header.'),
      remove: remove.optional().describe('Remove headers that earlier rules have passed on or added.'),
    })
    .refine((rule) => Object.values(rule).filter((part) => part !== undefined).length === 1, {
      message: 'a rule has exactly one of `propagate`, `insert` and `remove`',
    });
}

function propagation<Schema extends z.ZodType<Propagation>>(schema: Schema): Schema {
  return schema
    .refine(selectsOnce, ONE_SELECTOR)
    .refine((rule) => rule.named !== undefined || (rule.rename ?? rule.default) === undefined, {
      message: '`rename` and `default` require `named`',
    });
}

function propagated(isProtected: IsProtected) {
  return {
    ...selector(isProtected),
    rename: nameSchema(isProtected)
      .optional()
      .describe('Name under which the header is passed on. Requires `named`.'),
    default: value.optional().describe('Value if the header is absent. Requires `named`.').meta(SECRET),
  };
}

function selector(isProtected: IsProtected) {
  return {
    named: nameSchema(isProtected).optional().describe('Name of one header.'),
    matching: patternSchema()
      .optional()
      .describe('Regular expression that matches whole header names. Protected headers never match.'),
  };
}

function selectsOnce({ named, matching }: Selector): boolean {
  return (named === undefined) !== (matching === undefined);
}

function nameSchema(isProtected: IsProtected) {
  return z
    .string()
    .regex(HEADER_NAME, 'is not a valid header name')
    .refine((name) => !(isProtected(name) && /^x.forwarded./i.test(name)), {
      message: 'is set by the router, see `headers.forwarded`',
      abort: true,
    })
    .refine((name) => !isProtected(name), {
      message:
        'is a protected header: rules cannot change connection, content, credential, identity and signature headers, nor headers that the router sets',
    });
}

function patternSchema() {
  return z.string().min(1).refine(isPattern, { message: 'is not a valid regular expression' });
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}
