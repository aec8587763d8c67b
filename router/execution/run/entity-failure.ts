import type { CompiledOperation } from '../compile/compile.ts';
import type { FetchProgram } from '../compile/fetch-program.ts';
import { createFailureCause } from '../errors/failure-causes.ts';
import type { FailureCause } from '../errors/failure-causes.ts';
import { joinPath, pathKey } from '../fetch/delivery.ts';
import type { UnusableContext } from './context-targets.ts';
import type { Execution } from './execution.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { RequiredValue, UnusableValues } from '../compile/representation.ts';

/** Stands for a missing `__typename`, without which no representation of an entity can be built. */
export const TYPENAME: RequiredValue = { path: ['__typename'], coordinate: '__typename' };

/**
 * Records why the router cannot build the representations of entities for a fetch. Either a required value is
 * missing, because an earlier fetch failed, or a subgraph returned a value of the wrong type.
 */
export class EntityFailures implements UnusableValues {
  readonly #fetch: FetchProgram;
  readonly #execution: Execution;
  /** Failure causes already created for this fetch, by subgraph and message; undefined until there is one. */
  #causes: Map<string, FailureCause> | undefined;

  constructor(fetch: FetchProgram, execution: Execution) {
    this.#fetch = fetch;
    this.#execution = execution;
  }

  add(entity: JsonObject, required: RequiredValue, value: unknown): void {
    const { operation, errorCollector } = this.#execution;
    const path = required.path.reduce(joinPath, pathKey(this.#fetch.path));
    const fetches = operation.plan.deliveries(path);
    const [delivering] = fetches;
    if (delivering === undefined) return;
    const inherited = value === undefined ? errorCollector.causeOf(fetches, entity) : undefined;
    const cause = inherited ?? this.#unusableCause({ service: delivering.service, required, value });
    errorCollector.markEntityFailed(this.#fetch.index, entity, cause);
  }

  #unusableCause(requirement: InvalidRequirement): FailureCause {
    const { operation, errorCollector } = this.#execution;
    const cause = requirementCause(requirement, operation);
    const key = `${requirement.service} ${cause.text.message}`;
    this.#causes ??= new Map();
    const known = this.#causes.get(key) ?? errorCollector.addCause(cause);
    this.#causes.set(key, known);
    return known;
  }
}

/**
 * Records that an entity cannot be requested, because the value of a context argument (`@fromContext`) is
 * missing or has the wrong type.
 */
export function recordUnusableContext(
  fetch: FetchProgram,
  object: JsonObject,
  { above, value, levels, required }: UnusableContext,
  { operation, errorCollector }: Execution,
): void {
  const names = pathKey(fetch.path).split('.');
  const path = required.path.reduce(joinPath, names.slice(0, names.length - levels).join('.'));
  const fetches = operation.plan.deliveries(path);
  const [delivering] = fetches;
  const inherited = value === undefined ? errorCollector.causeOf(fetches, above) : undefined;
  const service = delivering?.service ?? fetch.service;
  const cause =
    inherited ?? errorCollector.addCause(requirementCause({ service, required, value }, operation));
  errorCollector.markEntityFailed(fetch.index, object, cause);
}

/**
 * Returns the failure cause for an entity whose representation needs a value that is missing or has the wrong
 * type.
 */
function requirementCause(
  { service, required: { coordinate }, value }: InvalidRequirement,
  { exposes }: Pick<CompiledOperation, 'exposes'>,
): FailureCause {
  const fault =
    value === undefined
      ? 'is absent from the response of its service'
      : value === null
        ? 'is null, which its type does not allow'
        : 'is not of its type';
  // The message must not contain the name of a field that a contract or `@inaccessible` hides from the
  // client.
  const name = coordinate === TYPENAME.coordinate || exposes(coordinate) ? coordinate : 'A hidden field';
  const message = `${name}, which this field requires, ${fault}.`;
  return createFailureCause({ code: 'SUBGRAPH_INVALID_RESPONSE', message, service, isReported: true });
}

type InvalidRequirement = {
  /** Name of the subgraph that should have delivered the required value. */
  readonly service: string;
  readonly required: RequiredValue;
  readonly value: unknown;
};
