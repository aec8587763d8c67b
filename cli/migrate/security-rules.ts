import { shownUrl } from '../../router/shared/error-message.ts';
import { isRecord } from '../../router/shared/is-record.ts';
import { readDuration } from './apollo-values.ts';
import {
  dropped,
  left,
  note,
  same,
  seconds,
  setting,
  unsupported,
  unsupportedUnlessOff,
} from './translation.ts';
import type { Result, Rule } from './translation.ts';

/** Rules for callers, their rights, and the operations that they may send. */
export const SECURITY_RULES: readonly Rule[] = [
  ['authentication.router.jwt.jwks', issuers],
  [
    'authentication.router.jwt.header_name',
    (value) => (isAuthorization(value) ? [] : [left('tokens are read from the header authorization')]),
  ],
  [
    'authentication.router.jwt.header_value_prefix',
    (value) => (value === 'Bearer' ? [] : [left('the prefix of tokens is Bearer')]),
  ],
  ['authentication.router.jwt.ignore_other_prefixes', dropped],
  ['authentication.router.jwt.sources', unsupported('tokens are read from the header authorization')],
  [
    'authentication.router.jwt.on_error',
    (value) => (value === 'Continue' ? [left('a request with an invalid token is rejected')] : []),
  ],
  [
    'authentication.subgraph',
    unsupportedUnlessOff('calls are signed by `identity.keys`, not with AWS credentials'),
  ],
  ['authentication.connector', unsupportedUnlessOff('connectors are not supported')],
  ['authorization.require_authentication', same('authentication.required')],
  ['authorization.directives', directives],
  ['apq.enabled', same('persistedOperations.automatic.enabled')],
  ['apq.router.cache.redis.urls', redisUrl],
  ['apq.router.cache.redis.ttl', seconds('persistedOperations.automatic.ttlS')],
  ['apq.router.cache.redis', unsupported('`redis` holds the connection for everything that routers share')],
  [
    'apq.router.cache.in_memory',
    unsupported('`persistedOperations.automatic.memoryBytes` limits the memory of documents'),
  ],
  ['apq.subgraph', unsupportedUnlessOff('subgraphs receive documents, not hashes')],
  ['persisted_queries', persistedQueries],
  ['demand_control', demandControl],
];

function isAuthorization(value: unknown): boolean {
  return String(value).toLowerCase() === 'authorization';
}

function issuers(value: unknown): readonly Result[] {
  if (!Array.isArray(value)) return [left('is not a list')];
  return value.flatMap((entry: unknown, index) =>
    isRecord(entry) ? issuer(entry, index) : [left('is not an issuer', [index])],
  );
}

/** Each issuer needs a name and an audience here; the other router can leave both unchecked. */
function issuer(entry: Record<string, unknown>, index: number): readonly Result[] {
  const names = [entry['issuer'] ?? entry['issuers'] ?? []].flat();
  const audiences = [entry['audience'] ?? entry['audiences'] ?? []].flat();
  const algorithms = entry['algorithms'] ?? undefined;
  const missing = [
    ...(names.length === 0 ? ['issuer'] : []),
    ...(audiences.length === 0 ? ['audience'] : []),
  ];
  if (missing.length > 0)
    return [
      left(
        `needs ${missing.join(' and ')}: add authentication.issuers: [{ issuer, audience, jwksUrl: ${shownJwksUrl(entry['url'])} }]`,
        [index],
      ),
    ];
  const settings = names.flatMap((name) =>
    audiences.map((audience) =>
      setting(
        'authentication.issuers',
        [{ issuer: name, audience, jwksUrl: entry['url'], ...(algorithms !== undefined && { algorithms }) }],
        [],
        [index],
      ),
    ),
  );
  return [
    ...settings,
    ...pollInterval(entry['poll_interval'], index),
    typeNote(index),
    ...ignored(entry, index),
  ];
}

/** Returns the URL for a message, which must not show its password. */
function shownJwksUrl(url: unknown): string {
  return typeof url === 'string' && URL.canParse(url) ? shownUrl(url) : '(its url)';
}

function typeNote(index: number): Result {
  return note(
    'tokens need the header `typ: at+jwt`; set `type: JWT` in authentication.issuers if your issuer writes that',
    [index],
  );
}

function pollInterval(value: unknown, index: number): readonly Result[] {
  const ms = readDuration(value);
  return ms === undefined ? [] : [setting('authentication.keysRefreshMs', ms, [], [index, 'poll_interval'])];
}

const READ = ['url', 'issuer', 'issuers', 'audience', 'audiences', 'algorithms', 'poll_interval'];

function ignored(entry: Record<string, unknown>, index: number): readonly Result[] {
  const keys = Object.keys(entry).filter((key) => !READ.includes(key));
  return keys.map((key) =>
    left('has no counterpart: keys are fetched without headers, and refetched after a failure', [index, key]),
  );
}

function directives(value: unknown): readonly Result[] {
  if (!isRecord(value)) return [left('is not a section')];
  const mode =
    value['dry_run'] === true ? 'dry-run' : value['reject_unauthorized'] === true ? 'reject' : 'filter';
  const off =
    value['enabled'] === false
      ? [left('@authenticated, @requiresScopes and @policy are always enforced', ['enabled'])]
      : [];
  const errors =
    value['errors'] === undefined ? [] : [left('each removed field has an error in `errors`', ['errors'])];
  return [setting('authorization.mode', mode), ...off, ...errors];
}

/** One Redis address is supported. Credentials may be apart. */
function redisUrl(value: unknown): readonly Result[] {
  const [first, ...others] = [value].flat();
  const rest = others.length === 0 ? [] : [left('Redis Cluster is not supported: name one address', [1])];
  return [setting('redis.url', first, [], [0]), ...rest];
}

function persistedQueries(value: unknown): readonly Result[] {
  if (!isRecord(value) || value['enabled'] !== true) return [];
  const manifests = [value['local_manifests'] ?? []].flat();
  if (manifests.length !== 1)
    return [
      left(
        "needs one manifest file: set persistedOperations.manifest (Apollo's format), or persistedOperations.clients",
      ),
    ];
  const { safelist } = value;
  const isEnforced = isRecord(safelist) && safelist['enabled'] === true;
  const mode = isEnforced ? 'enforce' : value['log_unknown'] === true ? 'audit' : 'off';
  const requireId =
    isEnforced && safelist['require_id'] === true
      ? [left('listed operations are also served by their full text', ['safelist', 'require_id'])]
      : [];
  return [
    setting('persistedOperations.manifest', manifests[0], [], ['local_manifests']),
    setting('persistedOperations.safelist', mode, [], ['safelist']),
    ...requireId,
  ];
}

function demandControl(value: unknown): readonly Result[] {
  if (!isRecord(value) || value['enabled'] !== true) return [];
  const strategy = isRecord(value['strategy']) ? value['strategy']['static_estimated'] : undefined;
  const { max, list_size: listSize } = isRecord(strategy) ? strategy : {};
  const at = ['strategy', 'static_estimated'];
  return [
    ...(max === undefined ? [] : [setting('rateLimit.maxCost', Math.ceil(Number(max)), [], [...at, 'max'])]),
    ...(listSize === undefined
      ? []
      : [setting('rateLimit.defaultListSize', listSize, [], [...at, 'list_size'])]),
    ...(value['mode'] === 'measure' ? [setting('rateLimit.mode', 'measure', [], ['mode'])] : []),
    left(
      'costs are limited only with `rateLimit.enabled: true`, which also charges every caller: choose `rateLimit.tiers` first',
      ['enabled'],
    ),
  ];
}
