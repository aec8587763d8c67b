import { resolve } from 'node:path';
import { z } from 'zod';
import { readYaml } from '../config/yaml/read-yaml.ts';
import type { Environment } from '../config/yaml/read-yaml.ts';

export type SchemaSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'sdl'; readonly sdl: string }
  | { readonly kind: 'url'; readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** A subgraph in a composition file. */
export type SubgraphEntry = {
  readonly name: string;
  readonly routingUrl: string | undefined;
  readonly schema: SchemaSource;
};

/** Content of a composition file, in the format of `rover supergraph compose`. */
export type SupergraphFile = {
  readonly subgraphs: readonly SubgraphEntry[];
  /**
   * Paths of the files to which references `${file.PATH}` in the composition file refer. These files are
   * also watched for changes.
   */
  readonly files: readonly string[];
};

/** Newest federation version that the installed composition package supports. */
const COMPOSITION_VERSION = [2, 14, 4] as const;

const federationVersion = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine(isComposable, {
    message: `must be 2 or an exact version such as =${COMPOSITION_VERSION.join('.')}, none newer than that`,
  });

const httpUrl = z.url({ protocol: /^https?$/ });

const schemaSource = z
  .strictObject({
    file: z.string().optional(),
    sdl: z.string().optional(),
    subgraph_url: httpUrl.optional(),
    introspection_headers: z.record(z.string(), z.string()).optional(),
  })
  .refine(
    (value) =>
      [value.file, value.sdl, value.subgraph_url].filter((given) => given !== undefined).length === 1,
    {
      message: 'needs exactly one of file, subgraph_url, sdl',
    },
  )
  .refine((value) => value.introspection_headers === undefined || value.subgraph_url !== undefined, {
    message: 'introspection_headers go with subgraph_url',
  });

const supergraphFile = z.strictObject({
  federation_version: federationVersion.default('2'),
  subgraphs: z
    .record(
      z
        .string()
        .regex(
          /^[A-Za-z][\w-]*$/,
          'a subgraph name must start with a letter and contain only letters, digits, _ and -',
        ),
      z.strictObject({ routing_url: httpUrl.optional(), schema: schemaSource }),
    )
    .refine((value) => Object.keys(value).length > 0, { message: 'must list at least one subgraph' }),
});

/**
 * Parses a composition file in the format of `rover supergraph compose`; file paths in it are relative to
 * `directory`.
 * @throws {ConfigError} with all problems, each with its line.
 */
export function parseSupergraphFile(
  text: string,
  {
    env,
    fileName,
    directory,
  }: { readonly env: Environment; readonly fileName: string; readonly directory: string },
): SupergraphFile {
  const files: string[] = [];
  const onFile = (path: string) => void files.push(path);
  const { subgraphs } = readYaml(text, supergraphFile, { env, fileName, directory, onFile });
  return {
    files,
    subgraphs: Object.entries(subgraphs).map(([name, { routing_url: routingUrl, schema }]) => ({
      name,
      routingUrl: routingUrl ?? schema.subgraph_url,
      schema: toSource(schema, directory),
    })),
  };
}

function toSource(schema: z.output<typeof schemaSource>, directory: string): SchemaSource {
  if (schema.file !== undefined) return { kind: 'file', path: resolve(directory, schema.file) };
  if (schema.subgraph_url !== undefined) {
    return { kind: 'url', url: schema.subgraph_url, headers: schema.introspection_headers ?? {} };
  }
  return { kind: 'sdl', sdl: schema.sdl ?? '' };
}

function isComposable(version: string): boolean {
  if (version === '2') return true;
  const match = /^=2\.(\d+)\.(\d+)$/.exec(version);
  if (match === null) return false;
  const [minor, patch] = [Number(match[1]), Number(match[2])];
  return (
    minor < COMPOSITION_VERSION[1] || (minor === COMPOSITION_VERSION[1] && patch <= COMPOSITION_VERSION[2])
  );
}
