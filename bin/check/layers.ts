export type Layer = {
  readonly name: string;
  /** Folders and root files of `router/` with their content, each above the next. */
  readonly modules: Readonly<Record<string, string>>;
};

/**
 * The layers of `router/`, from the top. A module imports only from modules further down, types included.
 * `npm run check` fails on any other import, and `npm run generate` writes the list into
 * docs/architecture.md.
 */
export const LAYERS: readonly Layer[] = [
  {
    name: 'Process and wiring',
    modules: {
      'library.ts': 'entry of the npm package',
      'main.ts': 'entry of the router process',
      process: 'the router process and its workers: signals, worker processes, V8 flags',
      'router.ts': 'creates all parts and connects them',
      'pipeline.ts': 'the stages of a request, in order',
      'build-generation.ts': 'builds what one supergraph version needs',
      wiring: 'the stages that depend on the configuration, and its changes while the router runs',
    },
  },
  {
    name: 'Entry',
    modules: {
      'console/server': 'the console: page, access rules and API on a port',
      console: 'data of a process that the console shows: schemas, history, configuration',
      admin: 'the admin port: metrics, status, breaker commands',
      http: 'the GraphQL endpoint: body limits, media types, CORS, CSRF, health',
      'http/head': 'facts about a request that are known before its body is read',
      'http/sockets': 'listening sockets, connection limits, unread responses',
      'load-shedding': 'concurrency limit, memory and event-loop pressure, priorities, the queue of requests',
      'persisted-operations': 'operations by hash (automatic persisted queries) and by manifest (safelist)',
    },
  },
  {
    name: 'Operations of one supergraph',
    modules: {
      'supergraph/acceptance': 'checks a supergraph before it is served',
      'supergraph/contracts': 'parts of a supergraph by tags, served as graphs of their own',
      'supergraph/sources': 'files, URLs, OCI registries and the stored copy that supergraphs come from',
      supergraph: '`supergraph.yaml`, composition, activation and rollback',
      'supergraph/registry': 'signed releases of a registry',
      rollout: 'canaries: share of callers, statistics, the decision to roll back',
      apollo: 'Apollo Server, its plugin, the gateway',
      operation: 'prepared operations and their cache, admission and execution of one operation',
      response: 'the response, its extensions, rejections, error masking',
      usage: 'counts of the requests per operation and client, the registry and the file that receive them',
      'usage/signature': 'normalized documents of recorded operations and the coordinates that they use',
    },
  },
  {
    name: 'Admission',
    modules: {
      authentication: 'tokens, keys, revocation, the signature towards subgraphs',
      authorization: '`@authenticated`, `@requiresScopes`, `@policy`',
      'rate-limit': 'token buckets, charges, reconciliation with the actual cost',
      cost: 'cost before and after execution, calls of expensive fields',
      limits: 'size limits of documents and variables',
      validation: 'coercion of variables',
    },
  },
  {
    name: 'Calls to subgraphs',
    modules: {
      subgraph: 'one client per subgraph: the wrappers of a call in their order',
      'subgraph/breaker': 'circuit breakers of subgraphs and fields',
      'subgraph/transport': 'HTTP exchange, endpoints, TLS',
      'subgraph/transport/http1': 'the built-in HTTP/1.1 client',
      'subgraph/call': 'types of a call, deadline, retry, bulkhead, cancellation',
      headers: 'header rules, to subgraphs and back to clients',
      degradation: 'fallback values, storage of stale values',
    },
  },
  {
    name: 'Execution',
    modules: {
      'execution/run': 'runs a compiled operation: fetches and merging',
      'execution/deduplication': 'shares equal calls and equal queries in flight',
      'execution/compile': 'compiles a plan into programs',
      'execution/entity-batching': 'sends entity fetches of one subgraph in one request',
      'execution/stale': 'fields whose last values are kept',
      'execution/response': 'completes the data by the schema: nulls, introspection, order of keys',
      'execution/errors': 'errors of a response and their causes',
      'execution/fetch': 'the fields, variables and shape of one fetch',
      'execution/codegen': 'building blocks of generated code',
    },
  },
  {
    name: 'Planning',
    modules: {
      planning: "Apollo's query planner in its own thread, queued fairly",
      'planning/patch': 'corrects plans after the planner',
      'planning/prepare': 'rewrites supergraph and document before the planner',
    },
  },
  {
    name: 'Shared services and vocabulary',
    modules: {
      redis: 'connection to Redis and its availability',
      telemetry: 'logs, metrics, traces',
      'telemetry/spans': 'spans of requests, their sampling and export',
      'telemetry/propagation': 'trace headers: W3C, B3, baggage',
      'telemetry/metrics': 'definitions of the metrics, counters and histograms for the hot path',
      'telemetry/log': 'the line of a request, the audit stream, limits on the lines that clients can cause',
      trace: 'critical path, `extensions.trace`, `Server-Timing`, and who may see them',
      request: 'client request, identity, subgraph request',
      'config/reload': 'watches files, merges a changed configuration into the running one',
      config: 'configuration schema and loading',
      'config/telemetry': 'exports by OTLP, spans, the standard `OTEL_*` variables',
      'config/console': 'the console: who may use it, how many requests it keeps',
      'config/registry': 'the registry of `supergraph.registry`, and where its release is stored',
      'config/yaml': 'YAML with variables and positions',
      'shared/graphql': 'helpers for GraphQL documents and schemas',
      'shared/files': 'files that are replaced in one step',
      'shared/http': 'syntax of HTTP headers, and headers that rules cannot change',
      shared: 'error table, exact JSON, caches, clocks',
    },
  },
];

/** The other top folders that the code of a top folder may import; folders that are absent may import any. */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  router: [],
  database: [],
  checks: ['router'],
  registry: ['checks', 'database'],
  cli: ['router', 'checks', 'registry'],
  subgraphs: ['database'],
  // The page runs in a browser: it may import types and pure functions.
  console: ['router', 'checks'],
};

/** The list as a table for docs/architecture.md. */
export function layerTable(): string {
  const rows = LAYERS.flatMap(({ name, modules }) =>
    Object.entries(modules).map(
      ([module, text], index) => `| ${index === 0 ? name : ''} | \`router/${module}\` | ${text} |`,
    ),
  );
  return ['| Layer | Module | Content |', '|---|---|---|', ...rows].join('\n');
}
