import { commonPrefix, createCause } from './causes.ts';
import type { Cause, ExecutionError, ResponsePath } from './causes.ts';
import { findPaths } from './collect.ts';
import type { Execution } from './execution.ts';
import { readOwn } from './json.ts';
import type { JsonObject } from './json.ts';
import type { FetchProgram } from './plan-program.ts';
import { MASKED_MESSAGE, isPublicCode, publicMessage } from './public-message.ts';
import { clientPath } from './response-shape.ts';
import type { ResponseShape } from './response-shape.ts';
import type { Batch } from './batch.ts';
import type { SubgraphError, SubgraphFailure } from './subgraph-call.ts';

/** The fetch has brought nothing: every null that comes of it will be explained by the failure. */
export function failFetch(
  fetch: FetchProgram,
  failure: SubgraphFailure,
  execution: Execution,
  reported: readonly ExecutionError[] = [],
): void {
  const { operation, response, report } = execution;
  const { code, message, service, heldBack } = failure;
  const nearest = nearestPath(heldBack === undefined ? fetch : onlyFields(fetch, heldBack), response);
  const isFinal = !operation.hasStandIns || fetch.operation === 'mutation';
  const cause = createCause({ code, message, service, failure, reported, nearest, isFinal });
  report.failFetch(fetch.index, report.addCause(cause));
}

export function invalidAnswer({ service }: FetchProgram, message: string): SubgraphFailure {
  return { code: 'SUBGRAPH_INVALID_RESPONSE', service, message };
}

/** For nulls that errors of the subgraph itself explain. */
export function reportedCause({ service }: FetchProgram): Cause {
  return createCause({ code: 'SUBGRAPH_ERROR', message: '', service, isReported: true });
}

/** Puts a subgraph's own errors into the answer, at the client's path and with allow-listed extensions only. */
export function reportErrors(
  fetch: FetchProgram,
  batch: Batch,
  response: { readonly data: JsonObject | null; readonly errors: readonly SubgraphError[] },
  execution: Execution,
): void {
  for (const error of locatedErrors(fetch, batch, response, execution)) execution.report.addReported(error);
}

/** The errors of a subgraph as clients may see them. */
export function locatedErrors(
  fetch: FetchProgram,
  batch: Batch,
  response: { readonly data: JsonObject | null; readonly errors: readonly SubgraphError[] },
  execution: Execution,
): ExecutionError[] {
  const places = placesOf(fetch, batch, execution);
  const maskedId = execution.maskErrors?.(fetch.service, response.errors);
  return response.errors.flatMap((error) => {
    const id = maskedId?.(error);
    const allowed = allowedExtensions(error, fetch, execution.allowedExtensions);
    const extensions = id === undefined ? allowed : { ...allowed, id };
    const message = id === undefined ? publicMessage(error.message) : MASKED_MESSAGE;
    return errorPaths(fetch, error, places, response.data).map((path) => {
      const located = clientPath(path, execution.response);
      return {
        message,
        path: located.length > 0 ? located : nearestPath(fetch, execution.response),
        extensions,
      };
    });
  });
}

/** The deepest response path that holds all places of an object, and whether it is the object's only place. */
type Place = { readonly path: ResponsePath; readonly isOnly: boolean };

/** Where the objects of a batch stand in the tree, by the index of their representation. */
function placesOf(fetch: FetchProgram, batch: Batch, { root, forks }: Execution): ReadonlyMap<number, Place> {
  const indices = new Map<JsonObject, number>();
  const addWithForks = (object: JsonObject, index: number): void => {
    indices.set(object, index);
    for (const fork of forks.get(object) ?? []) addWithForks(fork, index);
  };
  for (const [position, target] of batch.targets.entries())
    addWithForks(target, batch.indices[position] ?? 0);
  const places = new Map<number, Place>();
  findPaths(root, fetch.path, (object, path) => {
    const index = indices.get(object);
    if (index === undefined) return;
    const known = places.get(index);
    places.set(
      index,
      known ? { path: commonPrefix(known.path, path), isOnly: false } : { path, isOnly: true },
    );
  });
  return places;
}

function errorPaths(
  fetch: FetchProgram,
  { path = [] }: SubgraphError,
  places: ReadonlyMap<number, Place>,
  data: JsonObject | null,
): readonly ResponsePath[] {
  const [entities, index, ...rest] = path;
  if (fetch.represent !== undefined) {
    const place = entities === '_entities' && typeof index === 'number' ? places.get(index) : undefined;
    if (place === undefined) return [[...places.values()].map((known) => known.path).reduce(commonPrefix)];
    return [place.isOnly ? [...place.path, ...rest] : place.path];
  }
  const place = places.get(0) ?? { path: [], isOnly: false };
  if (!place.isOnly) return [place.path];
  if (path.length > 0) return [[...place.path, ...path]];
  // An error without a path is the reason for each root field that is null.
  const nulls = [...fetch.shape.keys()].filter((key) => (data && readOwn(data, key)) === null);
  return nulls.length === 0 ? [place.path] : nulls.map((key) => [...place.path, key]);
}

function allowedExtensions(
  { extensions = {} }: SubgraphError,
  { service }: FetchProgram,
  allowed: ReadonlySet<string>,
): ExecutionError['extensions'] {
  const kept = Object.entries(extensions).filter(([key]) => allowed.has(key));
  const { code } = extensions;
  return { ...Object.fromEntries(kept), code: isPublicCode(code) ? code : 'SUBGRAPH_ERROR', service };
}

/** What it would have delivered of the root fields at the coordinates. */
function onlyFields(
  { path, shape, fields }: FetchProgram,
  coordinates: readonly string[],
): Pick<FetchProgram, 'path' | 'shape'> {
  const isMeant = (key: string) => coordinates.some((one) => fields.byKey.get(key)?.has(one));
  return { path, shape: new Map([...shape].filter(([key]) => isMeant(key))) };
}

/** The path of the answer nearest to what a fetch would have delivered. */
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
