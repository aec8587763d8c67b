import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { UnlistedUse } from '../../checks/changes/unlisted-use.ts';
import { definingSubgraphs } from '../../checks/changes/defining-subgraphs.ts';
import { ServedVersionError, check } from '../../checks/check.ts';
import type { CheckRequest } from '../../checks/check.ts';
import type { ProposedGraph } from '../../checks/composition.ts';
import type { CheckedContract } from '../../checks/evaluate-contracts.ts';
import { ManifestError, mergeOperations, readManifest, readUnlistedUse } from '../../checks/manifest.ts';
import type { RecordedOperation } from '../../checks/recorded-operation.ts';
import { parseConfig } from '../../router/config/config.ts';
import type { Config } from '../../router/config/config-schema.ts';
import { codeOrMessageOf } from '../../router/shared/error-message.ts';
import { rejectionReasons } from '../../router/supergraph/rejection.ts';
import { compositionFileOf } from '../../router/supergraph/sources/source-config.ts';
import { loadSubgraphSchemas } from '../../router/supergraph/subgraph-schemas.ts';
import { MisuseError } from '../command-spec.ts';
import { readCompositionFile } from '../composition-file.ts';
import type { Outcome } from '../outcome.ts';
import { routerEnvironment } from '../router-config.ts';
import { openSources } from '../trial.ts';
import type { AnnotatedSchema } from './report-annotations.ts';
import { addReplay } from './replay-options.ts';
import type { GivenReplay } from './replay-options.ts';
import { reportOutcome } from './report-outcome.ts';

/** The arguments of `tributary check`. */
export type FilesToCheck = {
  /** Configuration whose supergraph is checked, with its contracts. */
  readonly config: Config;
  /** Whether the manifests of the configuration are used if `operations` is empty. */
  readonly usesManifests: boolean;
  readonly against: string | undefined;
  readonly operations: readonly string[];
  readonly settings: NonNullable<CheckRequest['settings']>;
  readonly replay: GivenReplay | undefined;
};

/**
 * Checks the files of a changed supergraph against the one that is served.
 * @throws {MisuseError} if a file cannot be read
 */
export async function checkFiles(files: FilesToCheck): Promise<Outcome> {
  const { config, settings } = files;
  const path = compositionFileOf(config.supergraph);
  if (path === undefined)
    throw new MisuseError('name the changed supergraph as FILE: router.yaml does not name a file');
  if (files.against === undefined)
    throw new MisuseError('--against is missing: name the supergraph that is served');
  const operations = readOperations(files);
  const before = await readServed(files.against);
  const after = await readProposed(path);
  try {
    const unlisted = unlistedIn(files.operations);
    const request = { before, after, operations, unlisted, contracts: contractsOf(config), settings };
    const report = await addReplay(await check(request, { now: Date.now }), files.replay, operations);
    return reportOutcome(report, {
      title: `Check of ${relative('.', path)}`,
      schemas: schemasOf(after, definingSubgraphs(before)),
      next: operations === undefined ? WITHOUT_OPERATIONS : [],
    });
  } catch (error) {
    if (error instanceof ServedVersionError)
      throw new MisuseError(
        `--against: ${files.against} is no supergraph that can be served: ${error.message}`,
      );
    throw error;
  }
}

const WITHOUT_OPERATIONS = [
  'Name what clients send with --operations MANIFEST.json: changes of what none of them uses are safe.',
];

/** Returns undefined if no operations are given. */
function readOperations({
  config,
  operations,
  usesManifests,
}: FilesToCheck): readonly RecordedOperation[] | undefined {
  if (operations.length > 0) return mergedOperations(operations.flatMap((path) => operationsIn(path)));
  const { manifest, clients } = config.persistedOperations;
  const manifests = [
    ...(manifest === undefined ? [] : operationsIn(relative('.', manifest))),
    ...Object.entries(clients).flatMap(([client, path]) => operationsIn(relative('.', path), client)),
  ];
  return usesManifests && (manifest !== undefined || Object.keys(clients).length > 0)
    ? mergedOperations(manifests)
    : undefined;
}

/** Sums the use by operations whose documents are not in the files, which are readable manifests. */
function unlistedIn(paths: readonly string[]): UnlistedUse {
  const sums = new Map<string, number>();
  for (const path of paths)
    for (const [coordinate, calls] of Object.entries(readUnlistedUse(readFileSync(path, 'utf8'))))
      sums.set(coordinate, (sums.get(coordinate) ?? 0) + calls);
  return Object.fromEntries(sums);
}

function mergedOperations(operations: readonly RecordedOperation[]): readonly RecordedOperation[] {
  try {
    return mergeOperations(operations, '--operations');
  } catch (error) {
    throw error instanceof ManifestError ? new MisuseError(error.message) : error;
  }
}

/** Reads a manifest. Operations that name no client are those of `client`, if it is given. */
function operationsIn(path: string, client?: string): readonly RecordedOperation[] {
  try {
    const operations = readManifest(readFileSync(path, 'utf8'), path);
    if (client === undefined) return operations;
    const clients = [{ name: client, calls: null }];
    return operations.map((operation) => (operation.clients?.length ? operation : { ...operation, clients }));
  } catch (error) {
    if (error instanceof ManifestError) throw new MisuseError(error.message);
    throw new MisuseError(`cannot read ${path} (${codeOrMessageOf(error)})`);
  }
}

/** Returns the supergraph SDL that is served. */
async function readServed(source: string): Promise<string> {
  if (source.endsWith('.graphql') && !/^\w+:\/\//.test(source)) return readText(source);
  const directory = process.cwd();
  try {
    const env = routerEnvironment({ supergraph: source }, { SUPERGRAPH: source });
    const config = parseConfig('', { env, fileName: '--against', directory });
    await using sources = openSources(config, { watch: false });
    const [loaded] = await Promise.all(sources.list.map((one) => one.load()));
    if (loaded?.kind === 'supergraph') return loaded.sdl;
    throw new MisuseError((loaded?.reasons ?? []).map((reason) => `--against: ${reason}`).join('\n'));
  } catch (error) {
    if (error instanceof MisuseError) throw error;
    throw new MisuseError(rejectionReasons(error).join('\n'));
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new MisuseError(`--against: cannot read ${path} (${codeOrMessageOf(error)})`);
  }
}

async function readProposed(path: string): Promise<ProposedGraph> {
  const file = relative('.', path);
  try {
    if (path.endsWith('.graphql')) return { supergraphSdl: readFileSync(path, 'utf8'), file };
    const schemas = await loadSubgraphSchemas(readCompositionFile(file, process.env));
    if (schemas.kind === 'failed') throw new MisuseError(schemas.reasons.join('\n'));
    return { subgraphs: schemas.subgraphs };
  } catch (error) {
    throw error instanceof MisuseError ? error : new MisuseError(rejectionReasons(error).join('\n'));
  }
}

/** Contracts whose tags are in the configuration. A registry checks those that it publishes. */
function contractsOf({ graphs }: Config): readonly CheckedContract[] {
  return Object.entries(graphs)
    .filter(([, { contract }]) => contract === undefined)
    .map(([name, { include, exclude, hideUnreachable }]) => ({ name, include, exclude, hideUnreachable }));
}

function schemasOf(
  proposed: ProposedGraph,
  definersBefore: (coordinate: string) => readonly string[],
): readonly AnnotatedSchema[] {
  if ('supergraphSdl' in proposed) return [{ file: proposed.file, sdl: proposed.supergraphSdl }];
  return proposed.subgraphs.map(({ name, place, sdl }) => ({
    file: place,
    sdl,
    defined: (coordinate) => definersBefore(coordinate).includes(name),
  }));
}
