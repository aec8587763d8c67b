import { CodeUnit, propertyRead } from './code-unit.ts';
import { isJsonObject, readOwn } from './json.ts';
import type { JsonObject } from './json.ts';

/** Adds each object that stands at the path; one that stands there twice is added twice. */
export type Collect = (from: JsonObject, into: JsonObject[]) => void;

type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'items' }
  | { readonly kind: 'types'; readonly names: ReadonlySet<string> };

/** `path` is the path of a Flatten node: response keys, and `@` for the items of a list. */
export function compileCollect(path: readonly (string | number)[]): Collect {
  const unit = new CodeUnit();
  const steps = path.flatMap((element) => stepsOf(String(element)));
  return unit.evaluate(unit.define('v0,into', writeSteps(unit, steps, 0))) as Collect;
}

/** Statements that go on from `v` with the step's number. A list where the path has none is left to completion to report. */
function writeSteps(unit: CodeUnit, steps: readonly Step[], index: number): string {
  const value = `v${index}`;
  const next = `v${index + 1}`;
  const step = steps[index];
  if (step?.kind === 'items') {
    const inner = writeSteps(unit, steps, index + 1);
    return `if(Array.isArray(${value}))for(const ${next} of ${value}){${inner}}`;
  }
  const isObject = `typeof ${value}==="object"&&${value}!==null&&!Array.isArray(${value})`;
  if (step === undefined) return `if(${isObject})into.push(${value});`;
  const inner = writeSteps(unit, steps, index + 1);
  if (step.kind === 'key')
    return `if(${isObject}){const ${next}=${propertyRead(unit, value, step.key, readOwn)};${inner}}`;
  return `if(${isObject}&&${unit.constant(step.names)}.has(${value}["__typename"])){const ${next}=${value};${inner}}`;
}

/** `name|[A,B]` means only objects of the types A and B there: paths of type-conditioned fetching. */
function stepsOf(element: string): Step[] {
  const [name = '', types] = element.split('|');
  const steps: Step[] = [];
  if (name === '@') steps.push({ kind: 'items' });
  else if (name !== '') steps.push({ kind: 'key', key: name });
  if (types !== undefined) steps.push({ kind: 'types', names: new Set(types.slice(1, -1).split(',')) });
  return steps;
}

/** The response path of an object, found again by walking the tree: only errors need it. */
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
