import { configJsonSchema } from '../config/config-schema.ts';
import type { Config } from '../config/config-schema.ts';
import { originIn } from '../config/yaml/read-yaml.ts';
import { isExactNumber } from '../shared/exact-json.ts';
import { isRecord } from '../shared/is-record.ts';
import type { ConfigResult, ConfigValue } from './api-types.ts';

type Path = readonly (string | number)[];
type Schema = Readonly<Record<string, unknown>>;

/** Lists every value of a configuration with its source. Secrets are replaced by `***`. */
export function describeConfig(config: Config): ConfigResult {
  const values: ConfigValue[] = [];

  function add(value: unknown, path: Path, schemas: readonly Schema[]): void {
    const isSecret = schemas.some((schema) => schema['x-secret'] === true);
    if (isSecret || (typeof value === 'string' && isSecretName(path.at(-1))))
      return void values.push({ key: path.join('.'), value: HIDDEN, source: originIn(config, path).source });
    const children = childrenOf(value);
    if (children === undefined) return void values.push(describe(value, path));
    for (const [key, child] of children)
      if (child !== undefined) add(child, [...path, key], childSchemas(schemas, key));
  }

  function describe(value: unknown, path: Path): ConfigValue {
    const { source, written } = originIn(config, path);
    // A file that is named in the configuration is most often a secret.
    const isFromFile = written?.includes('${file.') === true;
    return { key: path.join('.'), value: isFromFile ? written : shown(value), source };
  }

  add(config, [], [configJsonSchema()]);
  return values;
}

const HIDDEN = '***';

/** Names of keys whose texts are hidden even if the schema does not mark them. */
const SECRET_NAME = /(?:secret|password|passphrase|token|credentials?|apikey|authorization|cookie)$/i;

function isSecretName(name: string | number | undefined): boolean {
  return typeof name === 'string' && SECRET_NAME.test(name);
}

/** Returns the entries of an object, or of a list that has objects; undefined for other values. */
function childrenOf(value: unknown): readonly (readonly [string | number, unknown])[] | undefined {
  if (Array.isArray(value))
    return value.some((item) => isRecord(item) || Array.isArray(item)) ? [...value.entries()] : undefined;
  if (!isRecord(value) || Object.keys(value).length === 0) return undefined;
  return Object.entries(value);
}

function childSchemas(schemas: readonly Schema[], key: string | number): readonly Schema[] {
  return schemas.flatMap((schema) => {
    const { properties, additionalProperties, items } = schema;
    if (typeof key === 'number') return alternatives(items);
    const own = isRecord(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined;
    return alternatives(own ?? additionalProperties);
  });
}

function alternatives(schema: unknown): readonly Schema[] {
  if (!isRecord(schema)) return [];
  const several = schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf'];
  return [schema, ...(Array.isArray(several) ? several.flatMap(alternatives) : [])];
}

function shown(value: unknown): unknown {
  if (typeof value === 'string') return withoutCredentials(value);
  if (Array.isArray(value)) return value.map(shown);
  return isExactNumber(value) ? value.rawJSON : value;
}

/** Removes user, password and the values of query parameters from URLs. */
function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/\s]*@/g, `://${HIDDEN}@`).replace(/([?&][^=&\s#]+=)[^&\s#]+/g, `$1${HIDDEN}`);
}
