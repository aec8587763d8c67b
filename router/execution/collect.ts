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
  const steps = path.flatMap((element) => stepsOf(String(element)));
  return (from, into) => walk(from, steps, 0, into);
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

function walk(value: unknown, steps: readonly Step[], index: number, into: JsonObject[]): void {
  if (Array.isArray(value)) {
    // A list where the path has no `@` is wrong data, which completion reports.
    if (steps[index]?.kind === 'items') for (const item of value) walk(item, steps, index + 1, into);
    return;
  }
  if (!isJsonObject(value)) return;
  const step = steps[index];
  if (step === undefined) into.push(value);
  else if (step.kind === 'key') walk(readOwn(value, step.key), steps, index + 1, into);
  else if (step.kind === 'types' && step.names.has(String(value['__typename'])))
    walk(value, steps, index + 1, into);
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
