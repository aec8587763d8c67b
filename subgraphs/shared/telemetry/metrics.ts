import { Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { OnQuery } from '../../../database/database.ts';

/** A finished HTTP request. */
export type FinishedRequest = {
  readonly method: string;
  /** Path of the request if something is served there; otherwise `unknown`. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
};

/** Metrics of a subgraph for Prometheus, with the names of OpenTelemetry's semantic conventions. */
export type Metrics = {
  readonly requestFinished: (request: FinishedRequest) => void;
  readonly queried: OnQuery;
  /** The text that Prometheus reads, and its content type. */
  readonly expose: () => Promise<{ readonly contentType: string; readonly text: string }>;
};

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
// Clients choose the method, and statements may begin with anything: unknown values become `_OTHER`.
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST']);
const STATEMENTS: ReadonlySet<string> = new Set(
  'SELECT INSERT UPDATE DELETE WITH BEGIN COMMIT ROLLBACK CREATE ALTER LISTEN NOTIFY'.split(' '),
);

/** Creates the metrics of one subgraph. None has a label for the subgraph: that is the scrape job. */
export function createMetrics(): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const histogram = (name: string, help: string, labelNames: string[]) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [register] });
  const requests = histogram(
    'http_server_request_duration_seconds',
    'Duration of HTTP requests in seconds.',
    ['http_request_method', 'http_route', 'http_response_status_code'],
  );
  const queries = histogram(
    'db_client_operation_duration_seconds',
    'Duration of SQL statements in seconds.',
    ['db_operation_name', 'outcome'],
  );
  return {
    requestFinished({ method, route, status, ms }) {
      const labels = {
        http_request_method: METHODS.has(method) ? method : '_OTHER',
        http_route: route,
        http_response_status_code: status,
      };
      requests.observe(labels, ms / 1_000);
    },
    queried(statement, { ms, hasFailed }) {
      const name = statement.trimStart().split(/\W/, 1)[0]?.toUpperCase() ?? '';
      const labels = {
        db_operation_name: STATEMENTS.has(name) ? name : '_OTHER',
        outcome: hasFailed ? 'failed' : 'ok',
      };
      queries.observe(labels, ms / 1_000);
    },
    expose: async () => ({ contentType: register.contentType, text: await register.metrics() }),
  };
}
