import { z } from 'zod';
import { isRecord } from '../../router/shared/is-record.ts';

const valuesSchema = z.looseObject({
  properties: z.looseObject({
    router: z.looseObject({ properties: z.looseObject({ configuration: z.unknown() }) }),
  }),
});

/**
 * Returns the schema of the Helm chart's values with the schema of `router.yaml` in it, so that Helm rejects
 * unknown keys and invalid values before the installation.
 */
export function chartValuesSchema(text: string, configSchema: Record<string, unknown>): string {
  const schema = valuesSchema.parse(JSON.parse(text));
  const { $schema: _, title: __, ...configuration } = configSchema;
  schema.properties.router.properties.configuration = forHelm(configuration);
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

// Helm's regular expressions differ from those of JavaScript, and defaults and descriptions would fill the
// chart.
const LEFT_OUT = ['pattern', 'format', 'default', 'description', 'x-reloadable'];
const EXPANSION = { type: 'string', pattern: '\\$\\{' };

/** Admits `${env.NAME}` and `${file.PATH}` for every value, because Helm does not expand them. */
function forHelm(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(forHelm);
  if (!isRecord(schema)) return schema;
  const kept = Object.entries(schema).filter(([key]) => !LEFT_OUT.includes(key));
  const inner = Object.fromEntries(
    kept.map(([key, value]) => [key, key === 'properties' ? properties(value) : forHelm(value)]),
  );
  const isScalar =
    ['number', 'integer', 'boolean'].includes(String(schema['type'])) ||
    'enum' in schema ||
    'const' in schema;
  return isScalar ? { anyOf: [inner, EXPANSION] } : inner;
}

/** Names of properties may be those of keywords. */
function properties(value: unknown): unknown {
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, forHelm(schema)]))
    : value;
}
