import type { IndexedType, Member, SchemaIndex } from './schema-model.ts';

type Step = { readonly member: Member; readonly before: Step | null };

const MAX_LEAVES = 5;

/**
 * Returns an operation that selects a field, by the shortest way from a root type; null if no way leads
 * there. Required arguments become variables.
 */
export function operationFor(index: SchemaIndex, coordinate: string): string | null {
  const [typeName = '', fieldName] = coordinate.split('.');
  for (const [operation, root] of Object.entries(index.roots)) {
    const steps = wayTo(index, root, typeName);
    if (steps === null) continue;
    const target = index.types.get(typeName)?.members.find(({ name }) => name === fieldName);
    const members = target === undefined ? steps : [...steps, target];
    if (members.length > 0) return print(index, operation, members);
  }
  return null;
}

/** Returns the fields that lead from a root to a type, breadth first. */
function wayTo({ types }: SchemaIndex, root: string, target: string): readonly Member[] | null {
  if (!types.has(root)) return null;
  const seen = new Set([root]);
  let level: readonly { readonly type: string; readonly step: Step | null }[] = [{ type: root, step: null }];
  while (level.length > 0) {
    const found = level.find(({ type }) => type === target);
    if (found !== undefined) return membersOf(found.step);
    level = level.flatMap(({ type, step }) =>
      membersWithTypes(types.get(type)).flatMap(({ member, namedType }) => {
        if (seen.has(namedType)) return [];
        seen.add(namedType);
        return [{ type: namedType, step: { member, before: step } }];
      }),
    );
  }
  return null;
}

function membersWithTypes(type: IndexedType | undefined) {
  if (type?.kind !== 'type' && type?.kind !== 'interface') return [];
  return type.members
    .filter(isVisible)
    .flatMap((member) => (member.namedType === null ? [] : [{ member, namedType: member.namedType }]));
}

function membersOf(step: Step | null): readonly Member[] {
  return step === null ? [] : [...membersOf(step.before), step.member];
}

type Variables = Map<string, string>;

function print(index: SchemaIndex, operation: string, members: readonly Member[]): string {
  const variables: Variables = new Map();
  const body = printMembers(index, members, { variables, indent: '  ' });
  const declared = [...variables].map(([name, type]) => `$${name}: ${type}`).join(', ');
  return `${operation}${declared === '' ? '' : ` (${declared})`} {\n${body}}\n`;
}

type Output = { readonly variables: Variables; readonly indent: string };

function printMembers(index: SchemaIndex, members: readonly Member[], output: Output): string {
  const [first, ...rest] = members;
  if (first === undefined) return '';
  const { indent } = output;
  const line = `${indent}${first.name}${argumentsOf(first, output.variables)}`;
  const inner = { ...output, indent: `${indent}  ` };
  const body =
    rest.length > 0
      ? printMembers(index, rest, inner)
      : printLeaves(index.types.get(first.namedType ?? ''), inner);
  return body === '' ? `${line}\n` : `${line} {\n${body}${indent}}\n`;
}

/** Prints the first scalar fields of a type, or its name if it has none. */
function printLeaves(type: IndexedType | undefined, { indent }: Output): string {
  if (type === undefined || type.kind === 'scalar' || type.kind === 'enum' || type.kind === 'input')
    return '';
  const leaves = type.members.filter(
    ({ args, type: text, deprecated }) =>
      deprecated === null && args.length === 0 && /^(?:ID|String|Int|Float|Boolean)!?$/.test(text),
  );
  const names = leaves.filter(isVisible).slice(0, MAX_LEAVES);
  const shown = names.length === 0 ? ['__typename'] : names.map(({ name }) => name);
  return shown.map((name) => `${indent}${name}\n`).join('');
}

function argumentsOf({ name: field, args }: Member, variables: Variables): string {
  const required = args.filter(({ type, defaultValue }) => type.endsWith('!') && defaultValue === null);
  const texts = required.map(({ name, type }) => {
    const variable = variables.has(name) ? `${field}_${name}` : name;
    variables.set(variable, type);
    return `${name}: $${variable}`;
  });
  return texts.length === 0 ? '' : `(${texts.join(', ')})`;
}

function isVisible({ labels }: Member): boolean {
  return !labels.some(({ kind }) => kind === 'hidden');
}
