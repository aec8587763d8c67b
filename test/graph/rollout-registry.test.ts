import { GraphQLError } from 'graphql';
import { Client, fetch } from 'undici';
import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { percentileOf } from '../../router/rate-limit/caller-percentile.ts';
import { createRouter } from '../../router/router.ts';
import type { Router } from '../../router/router.ts';
import type { RolloutStatus } from '../../router/rollout/rollout-report.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import type { Schedule } from '../../router/shared/schedule.ts';
import { noPressure } from '../support/graphs/pressure.ts';
import { WITHOUT_THREADS } from '../support/graphs/without-threads.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { REF, startTestRegistry } from '../support/registry/test-registry.ts';
import type { TestRegistry } from '../support/registry/test-registry.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startService } from '../support/subgraphs/service.ts';
import { databaseKinds } from '../support/subgraphs/shop-subgraph.ts';
import { until } from '../support/time/until.ts';

const SDL =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12") type Query { book: String }';
const TIMEOUT_MS = 120_000;
const SETTINGS = { strategy: 'canary', steps: [20, 50], stepMinutes: 0, minRequests: 20 };

/** Sends the reports of routers every 50 ms instead of every 10 s. */
const reportOften: Schedule = (action, ms) => scheduleTimer(action, ms >= 9_000 && ms <= 11_000 ? 50 : ms);

/** A worker that does not respond in time has no status. */
type WorkerState = { readonly rollout?: RolloutStatus };

async function startFollower(registry: TestRegistry): Promise<Router> {
  const config = parseConfig(
    `supergraph: { registry: { url: "${registry.url}", key: ${await registry.createKey('READ')}, graph: ${REF} } }
listen: { trustedProxies: [127.0.0.1, '::1'] }`,
    { env: { PORT: '0', ADMIN_PORT: '0' }, fileName: 'router.yaml', directory: '.' },
  );
  return createRouter(config, {
    log: { write: () => undefined },
    watchPressure: noPressure,
    ...WITHOUT_THREADS,
    schedule: reportOften,
  });
}

function addressOf(caller: number): string {
  return `10.0.${caller >> 8}.${caller & 255}`;
}

type Share = { readonly launch: number; readonly percent: number };

const CALLERS = Array.from({ length: 1_000 }, (_, caller) => caller);

/** Returns whether a caller is in the share of callers that may use a launch as canary. */
function isInShare(caller: number, { launch, percent }: Share) {
  const payer = { identity: { kind: 'anonymous' }, address: addressOf(caller) } as const;
  return percentileOf(`launch ${launch}`, payer) < percent;
}

/** Sends a request of a caller and returns the book, or "error". */
async function ask(router: Pick<Router, 'url'>, caller: number, connection?: Client): Promise<string> {
  const response = await fetch(router.url, {
    ...(connection !== undefined && { dispatcher: connection }),
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': addressOf(caller) },
    body: JSON.stringify({ query: '{ book }' }),
  });
  const { data } = (await response.json()) as { data: { book: string | null } };
  return data.book ?? 'error';
}

type Asked = { readonly caller: number; readonly book: string };

/** Sends a request of each of 1,000 callers to a router in turn, until a condition holds. */
async function askUntil(
  routers: readonly Router[],
  isDone: () => Promise<boolean>,
): Promise<readonly Asked[]> {
  const asked: Asked[] = [];
  while (!(await isDone())) {
    if (asked.length > 20_000) throw new Error('the condition does not hold after 20,000 requests');
    const batch = routers.flatMap((router, number) =>
      Array.from({ length: 10 }, async (_, index) => {
        const caller = (asked.length + number * 10 + index) % 1_000;
        return { caller, book: await ask(router, caller) };
      }),
    );
    asked.push(...(await Promise.all(batch)));
  }
  return asked;
}

/** Waits until each router serves a canary to a share. Then sends each too few requests for a decision. */
async function serveShare(routers: readonly Router[], share: Share): Promise<void> {
  const serves = async (router: Router) => {
    const { rollout } = (await router.inspect()).state as WorkerState;
    return rollout?.canary?.launch === share.launch && rollout.canary.percent === share.percent;
  };
  const allServe = async () => (await Promise.all(routers.map(serves))).every(Boolean);
  expect(await until(allServe, 30_000)).toBe(true);
  const count = SETTINGS.minRequests - 1;
  const inside = CALLERS.filter((caller) => isInShare(caller, share)).slice(0, count);
  const outside = CALLERS.filter((caller) => !isInShare(caller, share)).slice(0, count);
  // All at once: a stall of the machine makes both versions slow.
  const asked = inside.flatMap((caller, index) => [caller, outside[index] ?? Number.NaN]);
  await Promise.all(routers.flatMap((router) => asked.map((caller) => ask(router, caller))));
}

async function launchOf({ call }: TestRegistry, number: number) {
  const query = `query ($ref: ID!, $number: Int!) { variant(ref: $ref) { launch(number: $number) { status reason } } }`;
  const { data } = await call(query, { ref: REF, number });
  return data.variant.launch as { readonly status: string; readonly reason: string | null };
}

async function configure({ call }: TestRegistry, rollout: unknown): Promise<void> {
  const query = `mutation ($ref: ID!, $rollout: JSON) { configureVariant(ref: $ref, settings: { rollout: $rollout }) { name } }`;
  expect((await call(query, { ref: REF, rollout })).errors).toEqual([]);
}

test(
  'routers roll back a failing canary, the registry promotes a healthy one',
  { timeout: TIMEOUT_MS },
  async (context) => {
    await using built = new AsyncDisposableStack();
    const start = async (book: () => string) =>
      built.use(await startService({ sdl: SDL, resolvers: { Query: { book } } }));
    const [first, failing, next] = await Promise.all([
      start(() => 'Middlemarch'),
      start(() => {
        throw new GraphQLError('no books today');
      }),
      start(() => 'Moby-Dick'),
    ]);
    const registry = built.use(await startTestRegistry());
    const publish = async ({ url }: { readonly url: string }) =>
      registry.publish('books', SDL, { routingUrl: url, allowBreaking: true });
    expect((await publish(first)).launch).toEqual({ number: 1, status: 'SERVING' });
    await configure(registry, SETTINGS);
    const routers = [
      built.use(await startFollower(registry)),
      built.use(await startFollower(registry)),
    ] as const;
    const hasCanary = async (router: Router) => {
      const { state } = await router.inspect();
      return JSON.stringify(state).includes('"usedBy":"canary"');
    };

    expect((await publish(failing)).launch).toEqual({ number: 2, status: 'CANARY' });
    expect(await until(async () => (await Promise.all(routers.map(hasCanary))).every(Boolean), 30_000)).toBe(
      true,
    );
    const asked = await askUntil(routers, async () => (await launchOf(registry, 2)).status === 'ROLLED_BACK');
    const failed = asked.filter(({ book }) => book === 'error');
    const share = { launch: 2, percent: 20 };
    recordMeasurement(context, 'requests that a failing canary received', failed.length);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.filter(({ caller }) => !isInShare(caller, share))).toEqual([]);
    expect(CALLERS.filter((caller) => isInShare(caller, share))).toHaveLength(206);
    expect((await launchOf(registry, 2)).reason).toMatch(/^launch 2 is rolled back: .*errors \d+ of \d+ \(/);
    expect(await until(async () => !(await Promise.all(routers.map(hasCanary))).some(Boolean), 30_000)).toBe(
      true,
    );

    expect((await publish(next)).launch).toEqual({ number: 3, status: 'CANARY' });
    for (const percent of SETTINGS.steps) await serveShare(routers, { launch: 3, percent });
    expect(await until(async () => (await launchOf(registry, 3)).status === 'SERVING', 30_000)).toBe(true);
    expect((await launchOf(registry, 3)).reason).toMatch(
      /^launch 3 is promoted: errors 0 of \d+ .* in the sum of 2 routers$/,
    );
    expect((await launchOf(registry, 1)).status).toBe('SUPERSEDED');
    const serve = (book: string) => async () =>
      (await Promise.all(routers.map((router) => ask(router, 1)))).every((served) => served === book);
    expect(await until(serve('Moby-Dick'), 30_000)).toBe(true);

    const { errors: rejected } = await registry.call(
      'mutation ($ref: ID!) { rollback(ref: $ref, reason: "orders fail") { sequence } }',
      { ref: REF },
    );
    const began = performance.now();
    expect(rejected).toEqual([]);
    expect(await until(serve('Middlemarch'), 30_000)).toBe(true);
    recordMeasurement(
      context,
      'ms from a rollback to an earlier launch until all routers serve it',
      Math.round(performance.now() - began),
    );
    expect(await launchOf(registry, 3)).toEqual({
      status: 'ROLLED_BACK',
      reason: 'launch 3 is rolled back to 1: orders fail',
    });
  },
);

test(
  'a worker that rolls back a canary ends it in the other workers, without the registry',
  { timeout: TIMEOUT_MS },
  async () => {
    await using built = new AsyncDisposableStack();
    const resolvers = { Query: { book: () => 'Middlemarch' } };
    const service = built.use(await startService({ sdl: SDL, resolvers }));
    const registry = built.use(await startTestRegistry());
    await registry.publish('books', SDL, { routingUrl: service.url });
    await configure(registry, { ...SETTINGS, steps: [50] });
    const source = `{ url: "${registry.url}", key: ${await registry.createKey('READ')}, graph: ${REF} }`;
    const router = built.use(
      await startRouterProcess(
        { books: service },
        `workers: 2\nsupergraph: { registry: ${source} }\nlisten: { trustedProxies: [127.0.0.1, '::1'] }`,
      ),
    );
    const rollouts = async () => {
      const states = (await (await fetch(`${router.adminUrl}/state`)).json()) as readonly WorkerState[];
      return states.map(({ rollout }) => rollout);
    };
    await registry.publish('books', SDL, { routingUrl: 'http://127.0.0.1:9/graphql', allowBreaking: true });
    const all = async (holds: (rollout: RolloutStatus) => boolean) =>
      (await rollouts()).every((rollout) => rollout !== undefined && holds(rollout));
    expect(await until(() => all(({ canary }) => canary !== null), 60_000)).toBe(true);
    await registry.close();
    // One connection reaches one worker. The other one sees too few requests to decide by itself.
    const connection = new Client(new URL(router.url).origin);
    built.defer(() => connection.close());
    let caller = 0;
    const asked = async () => {
      for (let count = 0; count < 10; count += 1) await ask(router, caller++, connection);
      return all(({ canary }) => canary === null);
    };
    expect(await until(asked, 60_000)).toBe(true);
    let decisions: readonly (RolloutStatus['decision'] | undefined)[] = [];
    const bothRespond = async () => {
      decisions = (await rollouts()).map((rollout) => rollout?.decision);
      return !decisions.includes(undefined);
    };
    expect(await until(bothRespond, 30_000)).toBe(true);
    const [one, other] = decisions;
    expect(one?.reason).toMatch(/^errors \d+ of \d+ \(/);
    expect(other).toEqual(one);
  },
);

test.runIf(databaseKinds.includes('postgres'))(
  'two instances of the registry make one release of many reports, and begin the canary again once',
  { timeout: TIMEOUT_MS },
  async () => {
    await using one = await startTestRegistry({ database: 'postgres' });
    await using other = await startTestRegistry({ database: one.location, adminKey: one.adminKey });
    await one.publish('books', SDL);
    await configure(one, SETTINGS);
    await one.publish('books', `${SDL} scalar Changed`);
    const releaseOf = async () => {
      const query = 'query ($ref: ID!) { variant(ref: $ref) { release { sequence canary { number } } } }';
      return (await other.call(query, { ref: REF })).data.variant.release;
    };
    expect(await releaseOf()).toEqual({ sequence: 2, canary: { number: 2 } });
    const reportAll = (began: number) =>
      Promise.all(
        Array.from({ length: 10 }, async (_, router) => {
          const response = await [one, other][router % 2]?.post('/routers/shop/production', {
            instance: `router-${router}`,
            routerVersion: '0.1.0',
            startedAt: '2030-01-01T00:00:00Z',
            decision: { kind: 'rollback', launch: 2, began, reason: 'errors 20 of 20' },
          });
          return response?.status;
        }),
      );
    expect(await reportAll(2)).toEqual(Array(10).fill(204));
    expect(await releaseOf()).toEqual({ sequence: 3, canary: null });
    expect((await launchOf(one, 2)).reason).toMatch(
      /^launch 2 is rolled back: router router-\d found errors 20 of 20$/,
    );

    const resume = 'mutation ($ref: ID!) { resume(ref: $ref) { sequence canary { number } } }';
    const results = await Promise.all([one, other].map(({ call }) => call(resume, { ref: REF })));
    expect(results.flatMap(({ errors }) => errors.map(({ extensions }) => extensions.code))).toEqual([
      'CONFLICT',
    ]);
    expect(await releaseOf()).toEqual({ sequence: 4, canary: { number: 2 } });
    // Late reports about the earlier canary do not end this one, those about it do.
    await reportAll(2);
    expect(await releaseOf()).toEqual({ sequence: 4, canary: { number: 2 } });
    await reportAll(4);
    expect(await releaseOf()).toEqual({ sequence: 5, canary: null });
  },
);
