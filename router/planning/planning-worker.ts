import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../shared/error-message.ts';
import { createOperationPlanner } from './operation-planner.ts';
import type { OperationPlanner } from './operation-planner.ts';
import type { PlanningMessage, PlanningRequest, PlanningThreadData } from './planning-messages.ts';

const { supergraphSdl } = workerData as PlanningThreadData;

function send(message: PlanningMessage): void {
  parentPort?.postMessage(message);
}

function serve(plan: OperationPlanner): void {
  parentPort?.on('message', (request: PlanningRequest) => {
    send({ kind: 'outcome', json: JSON.stringify(plan(request)) });
  });
  // Plans an operation before the thread reports that it is ready. The first plan is slow, because the
  // planner initializes data that later plans use, and a client would otherwise wait for that.
  plan({ document: '{ __typename }', operationName: undefined });
  send({ kind: 'ready' });
}

try {
  serve(createOperationPlanner(supergraphSdl));
} catch (error) {
  send({ kind: 'unusable', message: messageOf(error) });
}
