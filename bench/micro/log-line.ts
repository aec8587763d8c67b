// `node bench/micro/log-line.ts [LINES]` prints microseconds of CPU per request for parts of its log line.
import { pino } from 'pino';
import { configSchema } from '../../router/config/config-schema.ts';
import { logEntryOf } from '../../router/telemetry/log/request-entry.ts';
import { createRequestLine } from '../../router/telemetry/log/request-line.ts';
import { pathSentence } from '../../router/trace/sentence.ts';
import { finishedRequest, measure } from './recorded-request.ts';

const [lines = '100000'] = process.argv.slice(2);
const runs = Number(lines);
const ROUNDS = 3;

const finished = finishedRequest();
const entry = logEntryOf(finished);
const lineOf = createRequestLine(configSchema.parse({}).telemetry);
let written = 0;
const write = (line: string) => void (written += line.length);
const log = pino({ base: { service: 'tributary' } }, { write });
const { subgraphs = [], ...rest } = entry;
const plain = {
  ...rest,
  subgraphs: Object.fromEntries(subgraphs.map(({ subgraph, ...calls }) => [subgraph, calls])),
};

for (let round = 0; round < ROUNDS; round += 1) {
  measure('pino, the same fields', runs, () => log.info(plain, 'request'));
  measure('compiled serializer', runs, () => write(lineOf(entry, Date.now())));
  measure('critical path in words', runs, () => pathSentence(finished.recorder));
  measure('all: values, critical path, line', runs, () => write(lineOf(logEntryOf(finished), Date.now())));
}
