/** A field of a generated type; types and arguments in SDL. */
export type FieldModel = {
  readonly name: string;
  readonly type: string;
  /** Empty, or with its parentheses. */
  readonly args: string;
};

export type ServiceModel = {
  readonly name: string;
  /** Type definitions by type name: the head without its fields, and each field with its directives. */
  readonly types: Map<string, TypeModel>;
};

export type TypeModel = {
  readonly kind: 'type' | 'interface';
  /** `implements` and directives. */
  readonly head: { readonly interfaces: Set<string>; readonly directives: Set<string> };
  readonly fields: Map<string, FieldDeclaration>;
};

export type FieldDeclaration = { readonly field: FieldModel; readonly directives: Set<string> };

export function serviceModel(name: string): ServiceModel {
  return { name, types: new Map() };
}

export function typeIn(service: ServiceModel, name: string, kind: TypeModel['kind'] = 'type'): TypeModel {
  const existing = service.types.get(name);
  if (existing !== undefined) return existing;
  const created: TypeModel = {
    kind,
    head: { interfaces: new Set(), directives: new Set() },
    fields: new Map(),
  };
  service.types.set(name, created);
  return created;
}

/** Declares a field, or adds directives to a declared one. */
export function declare(
  type: TypeModel,
  field: FieldModel,
  ...directives: readonly string[]
): FieldDeclaration {
  const declared = type.fields.get(field.name) ?? { field, directives: new Set<string>() };
  for (const directive of directives) declared.directives.add(directive);
  type.fields.set(field.name, declared);
  return declared;
}

export function printService(service: ServiceModel): string {
  return [...service.types].map(([name, type]) => printType(name, type)).join('\n');
}

function printType(name: string, { kind, head, fields }: TypeModel): string {
  const interfaces = head.interfaces.size > 0 ? ` implements ${[...head.interfaces].join(' & ')}` : '';
  const directives = [...head.directives].map((directive) => ` ${directive}`).join('');
  const lines = [...fields.values()].map((declared) => {
    const { field } = declared;
    const directives = [...declared.directives].filter((directive) => directive !== PROVIDABLE);
    return `  ${[`${field.name}${field.args}: ${field.type}`, ...directives].join(' ')}`;
  });
  return `${kind} ${name}${interfaces}${directives} {\n${lines.join('\n')}\n}`;
}

/** Returns the named type, such as `Thing` for `[[Thing!]]!`. */
export function namedTypeOf(type: string): string {
  return type.replaceAll(/[[\]!]/g, '');
}

export type EntityModel = {
  readonly name: string;
  readonly keys: readonly string[];
  /** Services that define the type, with those of its keys that they declare. */
  readonly homes: Map<string, readonly string[]>;
  /** Owners of its fields. */
  readonly owned: Map<string, { field: FieldModel; services: string[] }>;
};

export type GraphModel = {
  readonly services: readonly [ServiceModel, ...ServiceModel[]];
  readonly entities: readonly [EntityModel, ...EntityModel[]];
  /**
   * An interface with a key, implemented by some entities in one service and defined as an object in another.
   */
  readonly keyed:
    | { name: string; home: ServiceModel; asObject: ServiceModel; members: readonly EntityModel[] }
    | undefined;
};

export const LEAVES = ['Int', 'Float', 'String', 'Boolean', 'ID', 'Colour', 'Blob', 'Exact'] as const;

export function isLeaf(type: string): boolean {
  return LEAVES.some((leaf) => leaf === namedTypeOf(type));
}

/**
 * Marks an external field that others may provide, because it is shareable at its owners. It is not printed:
 * composition rejects directives on external fields.
 */
export const PROVIDABLE = '@providable';
