import { Kind } from 'graphql';
import type { ConstDirectiveNode, ConstValueNode, DocumentNode } from 'graphql';

/** Returns the name of a directive in its specification: `tag` for `@federation__tag`. */
export type DirectiveNames = (name: string) => string;

type Arguments = Readonly<Record<string, unknown>>;

/** Reads which directives the `@link`s of a schema import, and under which names. */
export function directiveNames(document: DocumentNode): DirectiveNames {
  const names = new Map<string, string>();
  const namespaces = new Set<string>();
  for (const { url, as, import: imports } of linksOf(document)) {
    if (typeof url !== 'string') continue;
    const feature = featureOf(url);
    const alias = typeof as === 'string' ? as : feature;
    namespaces.add(alias);
    // The main directive of a feature has the name of the feature.
    names.set(alias, feature);
    for (const [local, original] of importsIn(imports)) names.set(local, original);
  }
  return (name) => names.get(name) ?? withoutNamespace(name, namespaces);
}

/** Returns the constant arguments of a directive. */
export function argumentsOf({ arguments: given }: ConstDirectiveNode): Arguments {
  return Object.fromEntries((given ?? []).map(({ name, value }) => [name.value, constantOf(value)]));
}

function linksOf(document: DocumentNode): readonly Arguments[] {
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
      ? (definition.directives ?? []).filter(({ name }) => name.value === 'link').map(argumentsOf)
      : [],
  );
}

/** `https://specs.apollo.dev/cost/v0.1` is the feature `cost`. */
function featureOf(url: string): string {
  return url.split('/').at(-2) ?? url;
}

function importsIn(imports: unknown): readonly (readonly [local: string, original: string])[] {
  if (!Array.isArray(imports)) return [];
  return imports.flatMap((one: unknown) => {
    if (typeof one === 'string') return [[bare(one), bare(one)] as const];
    if (!isArguments(one) || typeof one['name'] !== 'string') return [];
    const { name, as } = one;
    return [[bare(typeof as === 'string' ? as : name), bare(name)] as const];
  });
}

function bare(name: string): string {
  return name.replace(/^@/, '');
}

function withoutNamespace(name: string, namespaces: ReadonlySet<string>): string {
  const [namespace = '', ...rest] = name.split('__');
  const isNamespace = namespaces.has(namespace) && namespace !== 'join' && rest.length > 0;
  return isNamespace ? rest.join('__') : name;
}

function isArguments(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function constantOf(value: ConstValueNode): unknown {
  switch (value.kind) {
    case Kind.LIST:
      return value.values.map(constantOf);
    case Kind.OBJECT:
      return Object.fromEntries(value.fields.map((field) => [field.name.value, constantOf(field.value)]));
    case Kind.NULL:
      return null;
    case Kind.INT:
    case Kind.FLOAT:
      return Number(value.value);
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return value.value;
  }
}
