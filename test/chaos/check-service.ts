import type { ReceivedExchange, Evidence } from './responses.ts';
import type { Exchange, RouterLife } from './history.ts';
import { DEADLINE_MS, LAME_DUCK_MS, MARGIN_MS, PLANNING_MS } from './settings.ts';
import type { Violation } from './violations.ts';

/**
 * Checks that every request gets a response in time, is rejected only for a documented reason, and that no
 * response contains internal details of the router.
 */
export function checkService(evidence: Evidence): readonly Violation[] {
  const leaks = createLeakCheck(evidence.secrets);
  return [
    ...evidence.exchanges.flatMap((exchange) => unserved(exchange, evidence)),
    ...evidence.received.flatMap((exchange) => [...rejectionFaults(exchange), ...leaks(exchange)]),
    ...evidence.routerLives.flatMap((life) => [...crashed(life), ...undrained(life, evidence)]),
    ...evidence.crashes.map((detail): Violation => ({ invariant: 'crash', detail })),
    ...evidence.unrecovered.map((detail): Violation => ({ invariant: 'recovery', detail })),
  ];
}

function unserved(
  { id: requestId, outcome, router, began, ended }: Exchange,
  evidence: Evidence,
): Violation[] {
  switch (outcome.kind) {
    case 'cut':
      return [];
    case 'received': {
      const ms = ended - began;
      if (ms <= allowedMs({ began, ended }, evidence)) return [];
      return [{ invariant: 'hang', detail: `the response took ${ms.toFixed(0)} ms`, requestId }];
    }
    case 'no response':
      return [
        {
          invariant: 'hang',
          detail: `there was no response after ${(ended - began).toFixed(0)} ms`,
          requestId,
        },
      ];
    case 'lost': {
      const wasKilled = evidence.routerLives.some(
        ({ router: own, stopped }) =>
          own === router && stopped?.signal === 'SIGKILL' && stopped.at >= began && stopped.at <= ended,
      );
      return wasKilled ? [] : [{ invariant: 'lost', detail: outcome.reason, requestId }];
    }
  }
}

// Client and network, router, and subgraph: on a busy machine each of them waits as long as this process did.
const PROCESSES_ON_THE_WAY = 3;

function allowedMs({ began, ended }: Pick<Exchange, 'began' | 'ended'>, { stalls }: Evidence): number {
  const stalled = stalls.filter(({ at }) => at >= began && at <= ended).reduce((sum, { ms }) => sum + ms, 0);
  return PLANNING_MS + DEADLINE_MS + MARGIN_MS + PROCESSES_ON_THE_WAY * stalled;
}

function rejectionFaults({ id: requestId, operation, outcome, response }: ReceivedExchange): Violation[] {
  const { status, headers } = outcome;
  const code = response?.errors[0]?.code;
  if (status === 200) return [];
  // The rate limit is exceeded (429), or a dependency is unavailable for a moment (503): both have a
  // retry-after.
  if ((status === 429 || status === 503) && Number(headers['retry-after']) > 0) return [];
  // The second edition does not have the field; check-generations.ts checks which edition served the request.
  if (status === 400 && operation.name === 'labels' && code === 'GRAPHQL_VALIDATION_FAILED') return [];
  return [{ invariant: 'status', detail: `status ${status}, ${String(code)}`, requestId }];
}

/** Matches parts of stack traces, of Node's errors, and of the errors of database clients. */
const INTERNALS =
  /\n\s*at |\\n\s*at |node:internal|node_modules|\.[jt]s:\d|\bE(?:CONN|PIPE|HOST|NOTFOUND)\w*|ioredis|undici|postgres|127\.0\.0\.1|localhost|\[::1\]/i;

function createLeakCheck(secrets: readonly string[]) {
  return ({ id: requestId, outcome }: ReceivedExchange): Violation[] => {
    const text = `${JSON.stringify(outcome.headers)}\n${outcome.body}`;
    const found = INTERNALS.exec(text)?.[0] ?? secrets.find((secret) => text.includes(secret));
    return found === undefined
      ? []
      : [{ invariant: 'leak', detail: `"${found}" is in the response`, requestId }];
  };
}

function crashed({ router, failures, stopped, ended }: RouterLife): Violation[] {
  const failed = failures.map((line): Violation => ({
    invariant: 'crash',
    detail: `router ${router}: ${line}`,
  }));
  if (ended === undefined) return failed;
  const ending = {
    invariant: 'crash',
    detail: `router ${router} ended with ${ended.code} by itself`,
  } as const;
  if (stopped === undefined) return [...failed, ending];
  if (stopped.signal === 'SIGKILL' || ended.code === 0) return failed;
  return [
    ...failed,
    { invariant: 'crash', detail: `router ${router} ended with ${ended.code} after SIGTERM` },
  ];
}

/** Checks that a router waits for its requests after SIGTERM, and for nothing else. */
function undrained({ router, stopped, ended }: RouterLife, evidence: Evidence): Violation[] {
  if (stopped?.signal !== 'SIGTERM' || ended === undefined) return [];
  const ms = ended.at - stopped.at;
  if (ms <= LAME_DUCK_MS + allowedMs({ began: stopped.at, ended: ended.at }, evidence)) return [];
  return [{ invariant: 'hang', detail: `router ${router} took ${ms.toFixed(0)} ms to stop` }];
}
