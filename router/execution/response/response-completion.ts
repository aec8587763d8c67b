import { recordDegradation } from '../errors/failure-causes.ts';
import type { ErrorText } from '../errors/execution-error.ts';
import { isServiceFault } from '../errors/service-fault.ts';
import type { CompletedField, CompletionRun } from './completion-run.ts';
import type { Introspect } from './introspection.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { ErrorCollector } from '../errors/error-collector.ts';

type CompletedExecution = {
  readonly errorCollector: ErrorCollector;
  readonly variables: Readonly<Record<string, unknown>>;
};

/** The completion of one execution's data. It adds the reason for each null to the execution's errors. */
export class ResponseCompletion implements CompletionRun {
  readonly path: (string | number)[] = [];
  problems = 0;
  memo: CompletionRun['memo'] = undefined;
  readonly #execution: CompletedExecution;
  readonly #introspect: Introspect;
  #introspected: ReadonlyMap<string, string> | undefined;

  constructor(execution: CompletedExecution, introspect: Introspect) {
    this.#execution = execution;
    this.#introspect = introspect;
  }

  introspection(responseName: string): string {
    this.#introspected ??= this.#introspect(this.#execution.variables);
    return this.#introspected.get(responseName) ?? 'null';
  }

  onMissing(field: CompletedField, depth: number, parent: JsonObject, value: unknown): string | undefined {
    const { errorCollector } = this.#execution;
    this.problems += 1;
    const path = this.path.slice(0, depth + 1);
    const cause = value === undefined ? errorCollector.causeOf(field.fetches, parent) : undefined;
    if (field.fallback !== undefined && cause?.failure !== undefined && isServiceFault(cause.failure)) {
      recordDegradation(cause, 'fallback', path);
      return field.fallback;
    }
    if (cause !== undefined && !cause.isReported) errorCollector.addNull(cause, path, field);
    else errorCollector.addMissing(path, () => cause?.text ?? missingError(field, value));
    return undefined;
  }

  onDenied(depth: number): void {
    this.problems += 1;
    this.#execution.errorCollector.addDenied(this.path.slice(0, depth + 1));
  }

  onPropagated(depth: number): void {
    this.#execution.errorCollector.recordPropagation(this.path, depth + 1);
  }

  onWrongType(field: CompletedField, depth: number): void {
    this.problems += 1;
    const message = `The value of ${field.coordinate} is not of the type ${field.typeName}.`;
    this.#execution.errorCollector.addError(this.path.slice(0, depth + 1), invalidError(field, message));
  }
}

function missingError(field: CompletedField, value: unknown): ErrorText {
  if (value === null) return invalidError(field, `Cannot return null for non-nullable ${field.coordinate}.`);
  if (field.fetches.length > 0)
    return invalidError(field, `${field.coordinate} is absent from the response of its service.`);
  const message = `No service delivers ${field.coordinate} here.`;
  return { message, extensions: { code: 'OPERATION_NOT_PLANNABLE' } };
}

function invalidError({ fetches }: CompletedField, message: string): ErrorText {
  const service = fetches[0]?.service;
  const code = 'SUBGRAPH_INVALID_RESPONSE';
  return { message, extensions: service === undefined ? { code } : { code, service } };
}
