import type { RecordedFacts, RequestRecorder } from '../request/request-recorder.ts';
import type { RequestTrace, TracedFetch, TracedStage } from '../request/request-trace.ts';
import { criticalPath, dependenciesOf } from './critical-path.ts';
import { pathSentence } from './sentence.ts';
import { endOf, mergedOf, offsetOf, startOf } from './timeline.ts';

/**
 * Returns the trace of a finished request (stages, fetches, critical path), as `extensions.trace` of the
 * response contains it.
 */
export function buildTrace(recorder: RequestRecorder): RequestTrace {
  const { requestId, facts, joined } = recorder;
  const operation = operationOf(facts);
  return {
    version: 1,
    requestId,
    ...(facts.traceId !== undefined && { traceId: facts.traceId }),
    ...(facts.generation !== undefined && { supergraph: facts.generation }),
    ...(operation && { operation }),
    ...(joined !== undefined && { joined }),
    totalMs: offsetOf(recorder, Number.POSITIVE_INFINITY) / 1000,
    stages: tracedStages(recorder),
    fetches: tracedFetches(recorder),
    criticalPath: criticalPath(recorder),
    sentence: pathSentence(recorder),
  };
}

function operationOf({ operationName: name, operationType: type }: Partial<RecordedFacts>) {
  return type && { ...(name !== undefined && { name }), type };
}

function tracedStages(recorder: RequestRecorder): readonly TracedStage[] {
  const { stageNames, stageTimes, facts } = recorder;
  const cached: Partial<Record<TracedStage['name'], boolean | undefined>> = {
    parse: facts.isCached,
    plan: facts.isPlanned,
  };
  return stageNames.map((name, index) => {
    const start = offsetOf(recorder, stageTimes[index] ?? 0);
    const end = offsetOf(recorder, stageTimes[index + 1] ?? Number.POSITIVE_INFINITY);
    return {
      name,
      startMs: start / 1000,
      ms: (end - start) / 1000,
      ...(cached[name] === true && { cached: true }),
    };
  });
}

function tracedFetches(recorder: RequestRecorder): readonly TracedFetch[] {
  const { execution } = recorder;
  if (execution === undefined) return [];
  const { fetches, dependsOn } = execution;
  const indices = new Set(fetches.map(({ index }) => index));
  return fetches.map((record) => {
    const start = startOf(recorder, record);
    const end = endOf(recorder, record);
    const firstByte = offsetOf(recorder, record.firstByteAt);
    const hasResponse = record.firstByteAt !== 0 && firstByte <= end;
    return {
      id: record.index,
      subgraph: record.subgraph,
      operation: record.operation,
      path: record.path,
      dependsOn: dependenciesOf(record.index, dependsOn, (index) => indices.has(index)),
      startMs: start / 1000,
      connectionMs: Math.min(Math.round(record.connectionMs * 1000), end - start) / 1000,
      firstByteMs: hasResponse ? firstByte / 1000 : null,
      endMs: end / 1000,
      mergedMs: mergedOf(recorder, record) / 1000,
      status: hasResponse && record.status !== 0 ? record.status : null,
      bytesOut: record.bytesOut,
      bytesIn: record.bytesIn,
      entities: record.entities,
      entitiesSent: record.entitiesSent,
      outcome: record.outcome,
      ...(record.errors && { errors: record.errors }),
      attempts: record.attempts,
      endpoint: record.endpoint === -1 ? null : record.endpoint,
      breaker: record.breaker,
      joined: record.joined ?? null,
      sharedWith: record.sharedWith === -1 ? null : record.sharedWith,
      source: record.source,
    };
  });
}
