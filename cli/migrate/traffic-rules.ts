import { isProtectedRequestHeader } from '../../router/shared/http/protected-headers.ts';
import { isRecord } from '../../router/shared/is-record.ts';
import { isExpanded } from './apollo-values.ts';
import {
  left,
  milliseconds,
  same,
  setting,
  unsupported,
  unsupportedUnlessOff,
  dropped,
} from './translation.ts';
import type { Result, Rule, Translate } from './translation.ts';

/** Rules for calls of subgraphs. */
export const TRAFFIC_RULES: readonly Rule[] = [
  ['traffic_shaping.router.timeout', milliseconds('traffic.deadlineMs')],
  ['traffic_shaping.router.concurrency_limit', same('overload.maxConcurrent')],
  [
    'traffic_shaping.router.global_rate_limit',
    unsupported('limits are per caller: `rateLimit`; `overload` protects the whole process'),
  ],
  ['traffic_shaping.deduplicate_variables', dropped],
  ['traffic_shaping.connector', unsupportedUnlessOff('connectors are not supported')],
  ...callRules('traffic_shaping.all', 'traffic.all'),
  ['traffic_shaping.all.deduplicate_query', same('traffic.deduplication.calls')],
  ...callRules('traffic_shaping.subgraphs.*', 'traffic.subgraphs.*'),
  [
    'traffic_shaping.subgraphs.*.deduplicate_query',
    unsupported('`traffic.deduplication.calls` holds for all subgraphs'),
  ],
  ['override_subgraph_url.*', (value, names) => [setting('traffic.subgraphs.*.urls', [value], names)]],
  ['headers.all.request', headerRules('headers.request')],
  ['headers.all.response', headerRules('headers.response')],
  ['headers.subgraphs.*.request', headerRules('headers.subgraphs.*.request')],
  ['headers.subgraphs.*.response', headerRules('headers.subgraphs.*.response')],
  ...certificateRules('tls.subgraph.all', 'traffic.all.tls'),
  ...certificateRules('tls.subgraph.subgraphs.*', 'traffic.subgraphs.*.tls'),
  ['include_subgraph_errors.all', subgraphErrors],
  [
    'include_subgraph_errors.subgraphs',
    unsupportedUnlessOff('`response.subgraphErrorMessages` holds for all subgraphs'),
  ],
];

function callRules(from: string, to: string): readonly Rule[] {
  return [
    [`${from}.timeout`, milliseconds(`${to}.timeoutMs`)],
    [`${from}.global_rate_limit`, unsupported(`\`${to}.maxConcurrent\` limits concurrent calls`)],
    [`${from}.compression`, unsupported('requests to subgraphs are not compressed')],
    [`${from}.experimental_http2`, (value) => (value === 'disable' ? [] : [left('calls use HTTP/1.1')])],
    [`${from}.dns_resolution_strategy`, unsupported('the resolver of the operating system decides')],
    [
      `${from}.experimental_retry`,
      unsupported(`\`${to}.retries\` repeats queries after a failed connection, once by default`),
    ],
  ];
}

/** Rules for certificates: the other router reads PEM texts, this one reads files. */
function certificateRules(from: string, to: string): readonly Rule[] {
  return [
    [`${from}.certificate_authorities`, pemFile(`${to}.ca`)],
    [`${from}.client_authentication.certificate_chain`, pemFile(`${to}.cert`)],
    [`${from}.client_authentication.key`, pemFile(`${to}.key`)],
  ];
}

function pemFile(target: string): Translate {
  return (value, names) => {
    const [, file] = /^\$\{file\.([^}]+)\}$/.exec(String(value)) ?? [];
    return [
      file === undefined
        ? left(`is a PEM text: write it to a file and name it in ${target}`)
        : setting(target, file, names),
    ];
  };
}

function headerRules(target: string): Translate {
  return (value, names) => {
    if (!Array.isArray(value)) return [left('is not a list')];
    return value.map((rule: unknown, index) => {
      const reason = unsupportedRule(rule);
      return reason === undefined ? setting(target, [rule], names, [index]) : left(reason, [index]);
    });
  };
}

function unsupportedRule(rule: unknown): string | undefined {
  if (!isRecord(rule)) return 'is not a rule';
  const [[action, body] = []] = Object.entries(rule);
  if (!isRecord(body)) return 'is not a rule';
  const named: unknown = body['rename'] ?? body['named'] ?? body['name'];
  const name = typeof named === 'string' ? named.toLowerCase() : '';
  if (action === 'insert' && ('from_context' in body || 'path' in body || 'expression' in body))
    return 'inserts a value of the request, and rules insert fixed values only';
  if (action === 'propagate' && (name === 'authorization' || name === 'cookie'))
    return 'credentials are not sent to subgraphs: they receive the verified caller in signed x-user- headers';
  if (isProtectedRequestHeader(name))
    return `the header ${name} is protected, rules cannot change it: send the value under another name`;
  return undefined;
}

function subgraphErrors(value: unknown): readonly Result[] {
  if (isExpanded(value)) return [left('comes from an expansion: set response.subgraphErrorMessages')];
  if (typeof value === 'boolean') return [setting('response.subgraphErrorMessages', value ? 'pass' : 'mask')];
  if (!isRecord(value)) return [left('is not true or false')];
  return Object.entries(value).map(([key, inner]) => {
    if (key === 'redact_message')
      return setting('response.subgraphErrorMessages', inner === false ? 'pass' : 'mask', [], [key]);
    if (key === 'allow_extensions_keys') return setting('response.errorExtensions', inner, [], [key]);
    return left('clients receive `code`, `service` and the extensions in `response.errorExtensions`', [key]);
  });
}
