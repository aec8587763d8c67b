import type { FetchProgram } from '../compile/fetch-program.ts';
import type { ErrorText, ResponsePath } from '../errors/execution-error.ts';
import { commonPrefix, createFailureCause } from '../errors/failure-causes.ts';
import type { FailureCause } from '../errors/failure-causes.ts';
import { findPaths } from '../compile/collect.ts';
import type { Execution } from './execution.ts';
import { readOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';
import { MASKED_MESSAGE, isPublicCode, publicMessage } from '../errors/public-message.ts';
import { clientPath, fieldsAt } from '../response/response-shape.ts';
import { MAX_LISTED_ERRORS } from '../errors/listed-errors.ts';
import { ReportedErrors } from '../errors/reported-errors.ts';
import type { ResponseShape } from '../response/response-shape.ts';
import { representationIndex } from './batch.ts';
import type { Batch } from './batch.ts';
import type { SubgraphError, SubgraphFailure } from '../../request/subgraph-request.ts';

type FailedCall = {
  readonly batch: Batch;
  /**
   * Errors that the subgraph reported. For a null that they explain, clients receive them instead of the
   * router's own error message.
   */
  readonly reported?: ReportedErrors | undefined;
};

/** Records the failure of a fetch as the reason for every null that results from it. */
export function failFetch(
  fetch: FetchProgram,
  failure: SubgraphFailure,
  execution: Execution,
  { batch, reported }: FailedCall,
): void {
  const { operation, response, errorCollector } = execution;
  const { code, message, service, blockedFields } = failure;
  if (failure.isUnsent !== true) recordFieldsWithoutResponse(fetch, execution);
  const failed = blockedFields === undefined ? fetch : { ...fetch, shape: shapeOf(fetch, blockedFields) };
  const isFinal = !operation.hasFallbacks || fetch.operation === 'mutation';
  const cause = createFailureCause({
    code,
    message,
    service,
    failure,
    reported,
    nearest: nearestPath(failed, response),
    findLostField: () => findLostField(failed, batch, execution),
    isFinal,
  });
  errorCollector.markFetchFailed(fetch.index, errorCollector.addCause(cause));
}

function recordFieldsWithoutResponse({ fields }: FetchProgram, execution: Execution): void {
  execution.fieldsWithoutResponse ??= new Set();
  for (const coordinate of fields.coordinates) execution.fieldsWithoutResponse.add(coordinate);
}

/**
 * Returns the failure of a call whose response is valid JSON but cannot be used, for example because the
 * number of entities is wrong.
 */
export function invalidResponseFailure({ service }: FetchProgram, message: string): SubgraphFailure {
  return { code: 'SUBGRAPH_INVALID_RESPONSE', service, message };
}

/**
 * Returns the failure cause for data that is missing from a response with errors. A null gets the message of
 * this cause only if none of the subgraph's errors explains the null.
 */
export function reportedCause({ service }: FetchProgram): FailureCause {
  const message = 'The service reported an error instead of a value.';
  return createFailureCause({ code: 'SUBGRAPH_ERROR', message, service, isReported: true });
}

type Reporting = { readonly data: JsonObject | null; readonly errors: readonly SubgraphError[] };

/**
 * Adds the errors of a subgraph's response to the errors of the execution. Paths are converted to the
 * client's names, and only the allowed `extensions` are kept.
 */
export function reportErrors(
  fetch: FetchProgram,
  batch: Batch,
  response: Reporting,
  execution: Execution,
): void {
  eachError(fetch, batch, { response, execution }, (text, paths, pathOf) =>
    execution.errorCollector.addReported(text, paths, pathOf),
  );
}

/** Returns the errors that a subgraph reported in the response of a failed call, by their response paths. */
export function failureErrors(
  fetch: FetchProgram,
  batch: Batch,
  errors: readonly SubgraphError[],
  execution: Execution,
): ReportedErrors {
  const reported = new ReportedErrors();
  eachError(fetch, batch, { response: { data: null, errors }, execution }, (text, paths, pathOf) => {
    for (const path of paths.slice(0, MAX_LISTED_ERRORS)) reported.add(text, pathOf(path));
  });
  return reported;
}

function eachError(
  fetch: FetchProgram,
  batch: Batch,
  { response, execution }: { readonly response: Reporting; readonly execution: Execution },
  onError: (
    text: ErrorText,
    paths: readonly ResponsePath[],
    pathOf: (path: ResponsePath) => ResponsePath,
  ) => void,
): void {
  const textOf = errorTexts(fetch, response.errors, execution);
  const places = placesOf(fetch, batch, execution);
  for (const error of response.errors) {
    const paths = errorPaths(fetch, error, places, response.data);
    onError(textOf(error), paths, (path) => responsePath(fetch, path, execution));
  }
}

function errorTexts(
  fetch: FetchProgram,
  errors: readonly SubgraphError[],
  { maskErrors, allowedExtensions }: Execution,
): (error: SubgraphError) => ErrorText {
  const maskedId = maskErrors?.(fetch.service, errors);
  return (error) => {
    const id = maskedId?.(error);
    const extensions = allowedOf(error, fetch, allowedExtensions);
    if (id === undefined) return { message: publicMessage(error.message), extensions };
    return { message: MASKED_MESSAGE, extensions: { ...extensions, id } };
  };
}

function responsePath(fetch: FetchProgram, path: ResponsePath, { response }: Execution): ResponsePath {
  const located = clientPath(path, response);
  return located.length > 0 ? located : nearestPath(fetch, response);
}

/**
 * Paths of the objects of a batch in the merged data. The key is the index of the representation: equal
 * objects have the same index, and therefore several paths.
 */
type Places = ReadonlyMap<number, readonly ResponsePath[]>;

function placesOf(fetch: FetchProgram, batch: Batch, { root, copies }: Execution): Places {
  const indices = new Map<JsonObject, number>();
  const addWithCopies = (object: JsonObject, index: number): void => {
    indices.set(object, index);
    for (const copy of copies.of(object)) addWithCopies(copy, index);
  };
  for (const [position, target] of batch.targets.entries())
    addWithCopies(target, representationIndex(batch, position));
  const places = new Map<number, ResponsePath[]>();
  findPaths(root, fetch.path, (object, path) => {
    const index = indices.get(object);
    if (index === undefined) return;
    const known = places.get(index);
    if (known === undefined) places.set(index, [path]);
    else known.push(path);
  });
  return places;
}

/**
 * Returns the paths in the merged data to which a subgraph's error applies. There are several, for example,
 * if the entity with the error occurs in several places.
 */
function errorPaths(
  fetch: FetchProgram,
  { path = [] }: SubgraphError,
  places: Places,
  data: JsonObject | null,
): readonly ResponsePath[] {
  if (fetch.represent !== undefined) {
    const [entities, index, ...rest] = path;
    const known = entities === '_entities' && typeof index === 'number' ? places.get(index) : undefined;
    return known?.map((place) => [...place, ...rest]) ?? [sharedPath(places)];
  }
  const roots = places.get(0) ?? [[]];
  if (path.length > 0) return roots.map((place) => [...place, ...path]);
  // If a subgraph's error has no path, clients receive the error once for each root field that is null, with
  // the path of that field.
  const nulls = [...fetch.shape.keys()].filter((key) => (data && readOwn(data, key)) === null);
  if (nulls.length === 0) return roots;
  return roots.flatMap((place) => nulls.map((key) => [...place, key]));
}

function sharedPath(places: Places): ResponsePath {
  const paths = [...places.values()].flat();
  return paths.length === 0 ? [] : paths.reduce(commonPrefix);
}

function allowedOf(
  { extensions = {} }: SubgraphError,
  { service }: FetchProgram,
  allowed: ReadonlySet<string>,
): ErrorText['extensions'] {
  const kept = Object.entries(extensions).filter(([key]) => allowed.has(key));
  const { code } = extensions;
  return { ...Object.fromEntries(kept), code: isPublicCode(code) ? code : 'SUBGRAPH_ERROR', service };
}

/** Returns those response keys of a fetch that belong to the fields with the given coordinates. */
function shapeOf(fetch: FetchProgram, coordinates: readonly string[]): FetchShape {
  const isDelivered = (key: string) => coordinates.some((one) => coordinatesOf(fetch, key)?.has(one));
  return new Map([...fetch.shape].filter(([key]) => isDelivered(key)));
}

function coordinatesOf({ fields, represent }: FetchProgram, key: string): ReadonlySet<string> | undefined {
  return fields.byKey.get(represent === undefined ? key : `_entities.${key}`);
}

/**
 * Returns the response path of one field that is missing because an entity fetch failed. The field is the
 * first one that the fetch selects for the first entity of the batch.
 */
function findLostField(fetch: FetchProgram, batch: Batch, execution: Execution): ResponsePath | undefined {
  const { response } = execution;
  const [target] = batch.targets;
  const [place] = placesOf(fetch, batch, execution).get(representationIndex(batch, 0)) ?? [];
  if (fetch.represent === undefined || target === undefined || place === undefined) return undefined;
  for (const [key, { name }] of fieldsAt(place, response) ?? []) {
    if (fetch.shape.has(key) && isDeliveredTo(target, key, fetch, execution))
      return [...clientPath(place, response), name];
  }
  return undefined;
}

/** Returns whether a fetch selects the response key `key` on the type of the entity `target`. */
function isDeliveredTo(
  target: JsonObject,
  key: string,
  fetch: FetchProgram,
  { operation }: Execution,
): boolean {
  const { types } = operation.plan;
  const typeName = types.typeNameOf(target['__typename']);
  const coordinates = coordinatesOf(fetch, key);
  if (typeName === undefined || coordinates === undefined) return true;
  return [...coordinates].some((coordinate) => types.isA(typeName, coordinate.split('.')[0] ?? ''));
}

/**
 * Returns the response path for an error of a fetch if no exact path is known. For a fetch below the root,
 * this is the path of the fetch up to its first list. For a fetch at the root, this is the path of a root
 * field.
 */
function nearestPath(
  { path, shape }: Pick<FetchProgram, 'path' | 'shape'>,
  response: ResponseShape,
): ResponsePath {
  const untilList = path.slice(0, path.includes('@') ? path.indexOf('@') : path.length);
  if (untilList.length > 0) return clientPath(untilList, response);
  const [first] = response.values();
  const delivered = [...shape.keys()].map((key) => response.get(key)).find((field) => field !== undefined);
  const nearest = delivered ?? first;
  return nearest === undefined ? [] : [nearest.name];
}
