import { configJsonSchema } from '../config/config-schema.ts';
import type { Config } from '../config/config-schema.ts';
import { originIn } from '../config/yaml/read-yaml.ts';
import { isExactNumber } from '../shared/exact-json.ts';
import { isRecord } from '../shared/is-record.ts';
import type { ConfigResult, ConfigValue } from './api-types.ts';

type Path = readonly (string | number)[];
type Schema = Readonly<Record<string, unknown>>;

/**
 * Lists every value of a configuration with its source, and the variables and files that it refers to. A
 * value is shown as `***` if the schema marks it as secret, if it refers to a file (`${file.PATH}`), or if
 * the name of its key or variable ends with a word such as `password` or `token`.
 */
export function describeConfig(config: Config): ConfigResult {
  const values: ConfigValue[] = [];

  function add(value: unknown, path: Path, schemas: readonly Schema[]): void {
    const isSecret = schemas.some((schema) => schema['x-secret'] === true);
    if (isSecret || (typeof value === 'string' && isSecretName(path.at(-1))))
      return void values.push({ ...originOf(path, value), value: HIDDEN });
    const children = childrenOf(value);
    if (children === undefined)
      return void values.push({ ...originOf(path, value), value: shown(value, path) });
    for (const [key, child] of children)
      if (child !== undefined) add(child, [...path, key], childSchemas(schemas, key));
  }

  function originOf(path: Path, value: unknown): Omit<ConfigValue, 'value'> {
    const { source } = originIn(config, path);
    const items = Array.isArray(value) ? value.map((_, index) => [...path, index]) : [];
    const references = [path, ...items].flatMap(referencesAt);
    return {
      key: path.join('.'),
      source,
      ...(references.length > 0 && { references: [...new Set(references)] }),
    };
  }

  /**
   * Returns the variables and files that the `${…}` of a value refers to, such as `env.PORT`. The default in
   * `${env.NAME:-default}` is left out, because it may be a secret.
   */
  function referencesAt(path: Path): readonly string[] {
    const { written = '' } = originIn(config, path);
    return [...written.matchAll(REFERENCE)].map(([, name = '']) => name);
  }

  function shown(value: unknown, path: Path): unknown {
    if (Array.isArray(value)) return value.map((item, index) => shown(item, [...path, index]));
    if (referencesAt(path).some(isSecretReference)) return HIDDEN;
    if (typeof value === 'string') return withoutCredentials(value);
    return isExactNumber(value) ? value.rawJSON : value;
  }

  add(config, [], [configJsonSchema()]);
  return values;
}

const HIDDEN = '***';

/** Matches `${env.NAME}`, `${env.NAME:-default}` and `${file.PATH}`, but not `$${`. */
const REFERENCE = /(?<!\$)\$\{((?:env|file)\.[^}]*?)(?::-[^}]*)?\}/g;

/**
 * Returns whether a `${…}` refers to a secret: to a variable with a name such as `DB_PASSWORD`, or to any
 * file, because most files that a configuration refers to contain secrets.
 */
function isSecretReference(reference: string): boolean {
  return reference.startsWith('file.') || SECRET_VARIABLE.test(reference);
}

const SECRET_VARIABLE = /(?:secret|password|passphrase|passwd|token|credentials?|key|keys)$/i;

/** Matches keys whose text values are treated as secret even if the schema does not mark them. */
const SECRET_NAME = /(?:secret|password|passphrase|token|credentials?|apikey|authorization|cookie)$/i;

function isSecretName(name: string | number | undefined): boolean {
  return typeof name === 'string' && SECRET_NAME.test(name);
}

/**
 * Returns the keys and values of an object, or the indices and items of a list that contains objects or
 * lists. Returns undefined for any other value, such as a list of texts or an empty object.
 */
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

/** Removes user, password and the values of query parameters from URLs. */
function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/\s]*@/g, `://${HIDDEN}@`).replace(/([?&][^=&\s#]+=)[^&\s#]+/g, `$1${HIDDEN}`);
}
