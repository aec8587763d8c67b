import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { until } from '../time/until.ts';
import { freePort } from './free-port.ts';
import { startServer } from './server-process.ts';

/** A real Prometheus that scrapes targets of this machine. */
export type Prometheus = AsyncDisposable & {
  /** Returns the values of an instant query by their labels. */
  readonly query: (expr: string) => Promise<readonly Sample[]>;
  /** Names of the alerts that are pending or firing. */
  readonly alerts: () => Promise<ReadonlySet<string>>;
  /** Resolves after as many further scrapes of a job, each of which has begun after the call. */
  readonly scraped: (job: string, times: number) => Promise<void>;
};

export type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

export type PrometheusOptions = {
  readonly program: string;
  /** `host:port` of the target of each job. */
  readonly targets: Readonly<Record<string, string>>;
  readonly rules: string;
};

const INTERVAL = '500ms';
const LIMIT_MS = 30_000;

const resultSchema = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});
const alertsSchema = z.object({
  data: z.object({ alerts: z.array(z.object({ labels: z.looseObject({ alertname: z.string() }) })) }),
});

/** Starts Prometheus with a configuration and a data folder of its own. */
export async function startPrometheus({ program, targets, rules }: PrometheusOptions): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-prometheus-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, stringify(configuration(targets, rules)));
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${new URL(url).host}`,
    '--log.level=error',
  ];
  const isUp = async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
  const server = await startServer({ command: [program, ...flags], folder, stopSignal: 'TERM', isUp });

  async function read<Result>(path: string, schema: z.ZodType<Result>): Promise<Result> {
    const response = await fetch(`${url}${path}`);
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return schema.parse(body);
  }

  async function query(expr: string): Promise<readonly Sample[]> {
    const { data } = await read(`/api/v1/query?query=${encodeURIComponent(expr)}`, resultSchema);
    return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
  }

  const scrapes = async (job: string) => (await query(`sum_over_time(up{job="${job}"}[1h])`))[0]?.value ?? 0;
  return {
    query,
    async scraped(job, times) {
      // The scrape in progress may have read the metrics before the call.
      const enough = (await scrapes(job)) + times + 1;
      if (!(await until(async () => (await scrapes(job)) >= enough, LIMIT_MS)))
        throw new Error(`Prometheus did not scrape ${job} ${times} times within ${LIMIT_MS / 1000} s`);
    },
    async alerts() {
      const { data } = await read('/api/v1/alerts', alertsSchema);
      return new Set(data.alerts.map(({ labels }) => labels.alertname));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function configuration(targets: PrometheusOptions['targets'], rules: string) {
  return {
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: [rules],
    scrape_configs: Object.entries(targets).map(([job, target]) => ({
      job_name: job,
      static_configs: [{ targets: [target] }],
    })),
  };
}
