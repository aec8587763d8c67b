import { CodeUnit, literal, propertyRead } from '../codegen/code-unit.ts';
import { isJsonObject, readOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import { DistinctObjects } from './distinct-objects.ts';

/**
 * Adds the objects at a path of the response data to the given collection. An object that occurs in two
 * places is added twice, unless objects are deduplicated.
 */
export type Collect = (from: JsonObject, into: CollectedObjects) => void;

/** The objects at one path of the data. */
export class CollectedObjects {
  readonly objects: JsonObject[] = [];
  #distinct: DistinctObjects | undefined;

  /**
   * Adds an object to `objects`, unless an object with the same values under `keys` was added before. Returns
   * the object that was added first.
   */
  addDistinct(object: JsonObject, keys: readonly string[]): JsonObject {
    this.#distinct ??= new DistinctObjects(this.objects, keys);
    return this.#distinct.add(object);
  }
}

/**
 * A step of a path: read a key, visit each item of a list, or continue only for objects of the given types.
 */
export type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'items' }
  | { readonly kind: 'types'; readonly names: ReadonlySet<string> };

/**
 * Compiles the function that collects the objects at a path.
 *
 * @param path path of a Flatten node: response keys, and `@` for the items of a list.
 * @param entityKey keys that identify equal objects; undefined if objects are not deduplicated.
 */
export function compileCollect(
  path: readonly (string | number)[],
  entityKey: readonly string[] | undefined,
): Collect {
  const unit = new CodeUnit();
  const steps = path.flatMap((element) => stepsOf(String(element)));
  return unit.evaluate(unit.define('v0,into', writeSteps({ unit, steps, entityKey }, 0, ''))) as Collect;
}

type WriteContext = {
  readonly unit: CodeUnit;
  readonly steps: readonly Step[];
  readonly entityKey: readonly string[] | undefined;
};

/**
 * Returns the JavaScript statements for the step with this index and all later steps. The variable `v0` has
 * the value before the first step, `v1` the value after it, and so on.
 * @param place JavaScript expression of the property or item with the current value, such as `v0["author"]`.
 * If an equal object was collected before, the generated code assigns that object to this property or item.
 * Empty if nothing may be assigned.
 */
function writeSteps({ unit, steps, entityKey }: WriteContext, index: number, place: string): string {
  const value = `v${index}`;
  const next = `v${index + 1}`;
  const step = steps[index];
  const goOn = (nextPlace: string) => writeSteps({ unit, steps, entityKey }, index + 1, nextPlace);
  // JavaScript condition. It is false for a list at a step that is not `@`: the list is skipped here, and
  // reported as a wrong type when the response is written.
  const isObject = `typeof ${value}==="object"&&${value}!==null&&!Array.isArray(${value})`;
  switch (step?.kind) {
    case undefined: {
      if (entityKey === undefined || place === '') return `if(${isObject})into.objects.push(${value});`;
      return `if(${isObject})${place}=into.addDistinct(${value},${unit.constant(entityKey)});`;
    }
    case 'items': {
      const position = `i${index}`;
      const item = `${value}[${position}]`;
      return `if(Array.isArray(${value}))for(let ${position}=0;${position}<${value}.length;${position}++){const ${next}=${item};${goOn(item)}}`;
    }
    case 'key': {
      const read = propertyRead(unit, value, step.key, readOwn);
      // An object under the key `__proto__` is not replaced, because the assignment would change the
      // prototype.
      const nextPlace = step.key === '__proto__' ? '' : `${value}[${literal(step.key)}]`;
      return `if(${isObject}){const ${next}=${read};${goOn(nextPlace)}}`;
    }
    case 'types':
      return `if(${isObject}&&${unit.constant(step.names)}.has(${value}["__typename"])){const ${next}=${value};${goOn(place)}}`;
  }
}

/**
 * Parses an element such as `name|[A,B]`, which selects only objects of the types A and B (type-conditioned
 * fetching).
 */
export function stepsOf(element: string): Step[] {
  const [name = '', types] = element.split('|');
  const steps: Step[] = [];
  if (name === '@') steps.push({ kind: 'items' });
  else if (name !== '') steps.push({ kind: 'key', key: name });
  if (types !== undefined) steps.push({ kind: 'types', names: new Set(types.slice(1, -1).split(',')) });
  return steps;
}

/**
 * Calls `onFound` for each object at a path of the merged data, with its response path. The search is slow,
 * so it is used only to report errors.
 */
export function findPaths(
  root: JsonObject,
  path: readonly (string | number)[],
  onFound: (object: JsonObject, path: readonly (string | number)[]) => void,
): void {
  const steps = path.flatMap((element) => stepsOf(String(element)));
  const here: (string | number)[] = [];
  const visit = (value: unknown, index: number): void => {
    const step = steps[index];
    if (Array.isArray(value) && step?.kind === 'items') {
      for (const [position, item] of value.entries()) {
        here.push(position);
        visit(item, index + 1);
        here.pop();
      }
    }
    if (!isJsonObject(value)) return;
    if (step === undefined) onFound(value, [...here]);
    else if (step.kind === 'types' && step.names.has(String(value['__typename']))) visit(value, index + 1);
    else if (step.kind === 'key') {
      here.push(step.key);
      visit(readOwn(value, step.key), index + 1);
      here.pop();
    }
  };
  visit(root, 0);
}
