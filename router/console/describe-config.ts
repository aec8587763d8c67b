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
 * value is shown as `***` if the schema marks it as secret, if it comes from a file, or if the name of its
 * key or variable ends like that of a secret, such as `password`.
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
 * Returns whether a `${…}` refers to a secret: to a variable that is named like one, or to a file, because
 * most such files contain secrets.
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

/** Returns the entries of an object, or of a list of objects or lists; undefined for any other value. */
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
