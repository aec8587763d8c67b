import { isDeepStrictEqual } from 'node:util';
import { until } from '../support/time/until.ts';
import { readResponse } from './responses.ts';
import type { History } from './history.ts';
import { everyQuery } from './operations.ts';
import type { Operation } from './operations.ts';
import { send } from './send.ts';
import type { Environment } from './environment.ts';

/** Breakers probe within two seconds; a subgraph and a router need some seconds to start. */
const RECOVERY_TIMEOUT_MS = 20_000;

/** Sends each router every kind of query until its response is the same as before the faults. */
export async function recover(environment: Environment, history: History): Promise<void> {
  environment.supergraph.publish('first');
  for (const [index, { url }] of environment.routers.entries()) {
    for (const query of oneOfEachKind()) {
      let last = 'nothing';
      const isWhole = async () => {
        const token = query.caller && (await environment.tokenOf(query.caller));
        const { outcome } = await send(url, query, { id: `${history.seed}-recovery`, token });
        last = JSON.stringify(outcome).slice(0, 1_000);
        if (outcome.kind !== 'received') return false;
        return isDeepStrictEqual(readResponse(outcome.body)?.data, history.whole.get(query.key));
      };
      if (await until(isWhole, RECOVERY_TIMEOUT_MS)) continue;
      history.unrecovered.push(`router ${index} responds to ${query.name} with ${last}`);
    }
  }
}

/** Returns queries of the caller with the largest budget. */
function oneOfEachKind(): readonly Operation[] {
  const affordable = everyQuery().filter(({ caller }) => caller?.tier === 'ENTERPRISE');
  return [...new Map(affordable.map((query) => [query.name, query])).values()];
}
