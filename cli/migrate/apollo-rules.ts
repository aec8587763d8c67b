import { ENDPOINT_RULES, LIMIT_RULES } from './endpoint-rules.ts';
import { SECURITY_RULES } from './security-rules.ts';
import { TRAFFIC_RULES } from './traffic-rules.ts';
import { dropped, unsupported, unsupportedUnlessOff } from './translation.ts';
import type { Rule } from './translation.ts';

const UNSUPPORTED_RULES: readonly Rule[] = [
  ['batching', unsupportedUnlessOff('batched requests are rejected: let clients send single operations')],
  ['subscription', unsupportedUnlessOff('subscriptions are not supported')],
  ['preview_file_uploads', unsupportedUnlessOff('file uploads are not supported')],
  ['connectors', unsupportedUnlessOff('connectors are not supported: put the REST API behind a subgraph')],
  [
    'coprocessor',
    unsupported(
      'coprocessors are not supported; `headers`, `authentication` and `authorization` cover common ones',
    ),
  ],
  [
    'rhai',
    unsupported(
      'scripts are not supported; `headers`, `authentication` and `authorization` cover common ones',
    ),
  ],
  ['plugins', unsupportedUnlessOff('native plugins are not supported')],
  [
    'response_cache',
    unsupportedUnlessOff(
      'responses are not cached in the router; `degradation.stale` serves old values while a subgraph fails',
    ),
  ],
  [
    'preview_entity_cache',
    unsupportedUnlessOff(
      'entities are not cached in the router; `degradation.stale` serves old values while a subgraph fails',
    ),
  ],
  [
    'forbid_mutations',
    unsupportedUnlessOff('use a manifest without mutations (`persistedOperations.safelist: enforce`)'),
  ],
  ['progressive_override', unsupportedUnlessOff('`overrides` sets labels of `@override`')],
  ['experimental_type_conditioned_fetching', dropped],
  ['experimental_hoist_orphan_errors', unsupportedUnlessOff('each failed entity has an error with its path')],
  ['experimental_chaos', unsupportedUnlessOff('inject faults outside the router')],
  ['fleet_detector', dropped],
  ['license_enforcement', dropped],
  ['reload', dropped],
];

/** Rules for Apollo Router 1 and 2, looked up from the outermost key inwards. */
export const APOLLO_RULES: readonly Rule[] = [
  ...ENDPOINT_RULES,
  ...LIMIT_RULES,
  ...TRAFFIC_RULES,
  ...SECURITY_RULES,
  ...UNSUPPORTED_RULES,
];

/** A default of Apollo Router that differs, and applies if the file has none of the keys. */
export type DifferentDefault = {
  readonly unless: readonly string[];
  readonly path: readonly string[];
  readonly value: unknown;
};

/** Defaults that clients would notice: the path, timeouts, limits and masked errors. */
export const APOLLO_DEFAULTS: readonly DifferentDefault[] = [
  { unless: ['supergraph.path'], path: ['listen', 'path'], value: '/' },
  { unless: ['supergraph.introspection'], path: ['supergraph', 'introspection'], value: false },
  { unless: ['health_check.enabled', 'health_check.listen'], path: ['health', 'port'], value: 8088 },
  { unless: ['traffic_shaping.router.timeout'], path: ['traffic', 'deadlineMs'], value: 30_000 },
  { unless: ['traffic_shaping.all.timeout'], path: ['traffic', 'all', 'timeoutMs'], value: 30_000 },
  { unless: ['include_subgraph_errors.all'], path: ['response', 'subgraphErrorMessages'], value: 'mask' },
  {
    unless: ['limits.http_max_request_bytes', 'limits.router.http_max_request_bytes'],
    path: ['limits', 'bodyBytes'],
    value: 2_000_000,
  },
  {
    unless: ['limits.parser_max_tokens', 'limits.router.parser_max_tokens'],
    path: ['limits', 'tokens'],
    value: 15_000,
  },
];
