import { z } from 'zod';

/** The subset of JSON schema that the schema of the configuration uses. */
type Schema = {
  readonly description?: string | undefined;
  /** Whether a running router can change the key; nested keys inherit it. */
  readonly 'x-reloadable'?: boolean | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
};

const schemaOfSchema: z.ZodType<Schema> = z.object({
  description: z.string().optional(),
  'x-reloadable': z.boolean().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), schemaOfSchema).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), schemaOfSchema]).optional();
  },
  get anyOf() {
    return z.array(schemaOfSchema).optional();
  },
  get items() {
    return schemaOfSchema.optional();
  },
});

type Row = {
  readonly key: string;
  readonly fallback: string;
  readonly isReloadable: boolean;
  readonly meaning: string;
};

/** Formats the configuration as a Markdown table with one row per key. */
export function configTable(jsonSchema: unknown): string {
  const rows = rowsOf('', schemaOfSchema.parse(jsonSchema), { required: false, isReloadable: false });
  const lines = rows.map(
    ({ key, fallback, isReloadable, meaning }) =>
      `| \`${key}\` | ${fallback} | ${isReloadable ? 'yes' : ''} | ${meaning} |`,
  );
  return ['| Key | Default | Reload | Meaning |', '|---|---|---|---|', ...lines].join('\n');
}

type Inherited = { readonly required: boolean; readonly isReloadable: boolean };

function rowsOf(key: string, schema: Schema, inherited: Inherited): Row[] {
  const isReloadable = schema['x-reloadable'] ?? inherited.isReloadable;
  const fallback = fallbackOf(schema, inherited.required);
  const own = { key, fallback, isReloadable, meaning: meaningOf(schema) };
  if (schema.properties !== undefined) {
    const heading = own.meaning === '' ? [] : [{ ...own, fallback: '' }];
    return [...heading, ...rowsOfProperties(key, schema, isReloadable)];
  }
  if (typeof schema.additionalProperties === 'object') {
    const { additionalProperties: value } = schema;
    // The value is an object or a list of objects.
    const properties = value.anyOf?.find((one) => one.properties !== undefined) ?? value;
    return [own, ...rowsOfProperties(`${key}.NAME`, properties, isReloadable)];
  }
  return schema.items?.properties === undefined
    ? [own]
    : [own, ...rowsOfProperties(`${key}[]`, schema.items, isReloadable)];
}

function rowsOfProperties(
  key: string,
  { properties = {}, required = [], default: preset }: Schema,
  isReloadable: boolean,
): Row[] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = key === '' ? name : `${key}.${name}`;
    const given = valueIn(preset, name);
    return rowsOf(path, given === undefined ? property : { ...property, default: given }, {
      required: required.includes(name),
      isReloadable,
    });
  });
}

/** Returns the default of a property from the default of its object. */
function valueIn(preset: unknown, name: string): unknown {
  return typeof preset === 'object' && preset !== null
    ? Object.entries(preset).find(([key]) => key === name)?.[1]
    : undefined;
}

function fallbackOf(schema: Schema, required: boolean): string {
  if (schema.default !== undefined) return `\`${JSON.stringify(schema.default).replaceAll('|', '\\|')}\``;
  return required ? 'required' : '';
}

function meaningOf({ description = '', enum: values }: Schema): string {
  const choices = values?.map((value) => `\`${String(value)}\``).join(', ');
  return choices === undefined ? description : `${description} One of ${choices}.`;
}
