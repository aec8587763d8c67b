// `node bench/micro/metrics.ts [REQUESTS]` prints microseconds of CPU per request with five calls for the
// metrics of the request and of its calls.
import { configSchema } from '../../router/config/config-schema.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { pathOf } from '../../router/trace/critical-path.ts';
import { SUBGRAPHS, finishedRequest, measure } from './recorded-request.ts';

const [requests = '100000'] = process.argv.slice(2);
const runs = Number(requests);
const ROUNDS = 3;

const finished = finishedRequest();
const config = configSchema.parse({ telemetry: { logLevel: 'silent' } });
const telemetry = createTelemetry(config.telemetry, { destination: { write: () => undefined } });

for (let round = 0; round < ROUNDS; round += 1) {
  measure('the request', runs, () => telemetry.requestFinished(finished));
  measure('the critical path alone', runs, () => {
    finished.recorder.criticalPath = undefined;
    pathOf(finished.recorder);
  });
  measure('its calls', runs, () => {
    for (const subgraph of SUBGRAPHS)
      telemetry.subgraphCalled({ subgraph, outcome: 'OK', ms: 5, connectionMs: 0.1 });
  });
}
