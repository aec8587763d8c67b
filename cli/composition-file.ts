import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Environment } from '../router/config/yaml/read-yaml.ts';
import { parseSupergraphFile } from '../router/supergraph/supergraph-file.ts';
import type { SupergraphFile } from '../router/supergraph/supergraph-file.ts';

/**
 * Reads a composition file. Its paths are relative to its folder.
 * @param file path, which messages name as it is
 * @throws {ConfigError} if the file is not valid
 */
export function readCompositionFile(file: string, env: Environment): SupergraphFile {
  const directory = dirname(resolve(file));
  return parseSupergraphFile(readFileSync(file, 'utf8'), { env, fileName: file, directory });
}
