import { CollectedObjects } from '../compile/collect.ts';
import type { FetchProgram } from '../compile/fetch-program.ts';
import type { Represent, Representation } from '../compile/representation.ts';
import type { JsonObject } from '../../shared/json.ts';
import { BatchBuilder, distinctBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import { batchByContext } from './context-batch.ts';
import { EntityFailures, TYPENAME } from './entity-failure.ts';
import type { Execution } from './execution.ts';

/** Collects the objects that a fetch is for, and builds their representations. */
export function batchOf(fetch: FetchProgram, execution: Execution): Batch {
  const { context, represent } = fetch;
  if (represent === undefined) return rootBatch(collectTargets(fetch, execution));
  return context === undefined
    ? representAll(fetch, represent, collectTargets(fetch, execution), execution)
    : batchByContext(fetch, { represent, context }, execution);
}

function collectTargets(
  fetch: FetchProgram,
  { root, delivered, collected }: Execution,
): readonly JsonObject[] {
  const { base } = fetch;
  if (fetch.path.length === 0) return [root];
  const found = new CollectedObjects();
  if (base === undefined) {
    fetch.collect(root, found);
    return found.objects.length === 1 ? found.objects : [...new Set(found.objects)];
  }
  // Fetches with the same path are for the same objects, so these are collected once for all of them. The
  // list stays valid, because other fetches may add data to the objects but never replace them.
  const known = collected[fetch.collectedBy];
  if (known !== undefined) return known;
  for (const object of delivered[base] ?? []) fetch.collect(object, found);
  collected[fetch.collectedBy] = found.objects;
  return found.objects;
}

/**
 * Returns the batch of a fetch of root fields, which has no representations. Its target is usually the root.
 * It has other targets if objects have a field of the type `Query`.
 */
function rootBatch(targets: readonly JsonObject[]): Batch {
  return { targets, indices: NONE, representations: NONE };
}

const NONE: readonly never[] = [];

function representAll(
  fetch: FetchProgram,
  represent: Represent,
  objects: readonly JsonObject[],
  execution: Execution,
): Batch {
  const failures = new EntityFailures(fetch, execution);
  if (objects.length === 1 || (fetch.areDistinct && !fetch.isRepeated))
    return distinctBatch(objects, (object) =>
      representationOf(object, represent, failures)?.write(object, failures),
    );
  const batch = new BatchBuilder();
  for (const object of objects) {
    const representation = representationOf(object, represent, failures);
    if (representation !== undefined) batch.add(object, representation, failures);
  }
  return fetch.isRepeated ? batch.sorted() : batch;
}

function representationOf(
  object: JsonObject,
  represent: Represent,
  failures: EntityFailures,
): Representation | undefined {
  const representation = represent(object);
  if (representation === undefined && object['__typename'] === undefined)
    failures.add(object, TYPENAME, undefined);
  return representation;
}
