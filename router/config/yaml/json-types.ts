import { z } from 'zod';
import { isRecord } from '../../shared/is-record.ts';

/** JSON types that a schema accepts. Integers count as `number`; `any` stands for a schema without a type. */
export type JsonTypes = ReadonlySet<string> | 'any';

/** Looks up which JSON types and which keys a schema allows at a path of the configuration. */
export type SchemaPaths = {
  readonly typesAt: (path: readonly (string | number)[]) => JsonTypes;
  /** Returns the keys that an object at a path may have; empty if it may have any keys. */
  readonly keysAt: (path: readonly (string | number)[]) => readonly string[];
  /** Returns whether an object at a path may only have the keys of `keysAt`. */
  readonly hasOnlyKnownKeysAt: (path: readonly (string | number)[]) => boolean;
  /** Returns whether the schema marks the value at a path, or a value in it, as secret. */
  readonly holdsSecretAt: (path: readonly (string | number)[]) => boolean;
};

/**
 * Creates the lookup of allowed types and keys in a zod schema, which is converted to JSON schema on first
 * use.
 */
export function schemaPaths(schema: z.ZodType): SchemaPaths {
  let root: unknown;
  const schemasAt = (path: readonly (string | number)[]) => {
    root ??= z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    return path.reduce<readonly unknown[]>(
      (schemas, key) => schemas.flatMap((one) => alternatives(childSchema(one, String(key)))),
      alternatives(root),
    );
  };
  return {
    typesAt(path) {
      const types = schemasAt(path).flatMap(typesOf);
      return types.length === 0 || types.includes('any') ? 'any' : new Set(types);
    },
    keysAt: (path) =>
      schemasAt(path).flatMap((one) =>
        isRecord(one) && isRecord(one['properties']) ? Object.keys(one['properties']) : [],
      ),
    hasOnlyKnownKeysAt: (path) => schemasAt(path).some((one) => isRecord(one) && isRecord(one['properties'])),
    holdsSecretAt: (path) => schemasAt(path).some(holdsSecret),
  };
}

/** Returns whether a schema, or a schema anywhere in it, is marked as secret. */
function holdsSecret(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(holdsSecret);
  return isRecord(schema) && (schema['x-secret'] === true || Object.values(schema).some(holdsSecret));
}

function alternatives(schema: unknown): readonly unknown[] {
  if (!isRecord(schema)) return [schema];
  const several = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(several) ? several.flatMap(alternatives) : [schema];
}

function childSchema(schema: unknown, key: string): unknown {
  if (!isRecord(schema)) return undefined;
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  return Object.hasOwn(properties, key)
    ? properties[key]
    : (schema['additionalProperties'] ?? schema['items']);
}

function typesOf(schema: unknown): readonly string[] {
  if (!isRecord(schema)) return [];
  const { type, const: constant, enum: values } = schema;
  if (typeof type === 'string') return [type === 'integer' ? 'number' : type];
  if (constant !== undefined) return [typeof constant];
  if (Array.isArray(values)) return values.map((value) => typeof value);
  return ['any'];
}
