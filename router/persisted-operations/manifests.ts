import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Config } from '../config/config-schema.ts';
import { ConfigError, placeIn } from '../config/yaml/read-yaml.ts';
import { codeOrMessageOf, messageOf } from '../shared/error-message.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';

/**
 * The manifests (lists of permitted operations) of all clients. They are reloaded when their files change.
 */
export type Manifests = Disposable & {
  /**
   * Returns the manifests whose operations a client may send: its own manifest, then the one for all clients.
   */
  readonly of: (client: string | undefined) => readonly Manifest[];
  /** Returns all manifests. `client` is null for the manifest of all clients. */
  readonly all: () => readonly { readonly client: string | null; readonly manifest: Manifest }[];
};

const SETTLE_MS = 50;

/**
 * Loads the manifests and watches their files. If a changed file is invalid, the error is reported and the
 * previous manifest remains.
 * @throws {ConfigError} if a manifest cannot be read at the start; it names every such manifest.
 */
export async function loadManifests(
  config: Pick<Config, 'persistedOperations'>,
  telemetry: Pick<Telemetry, 'manifestLoaded' | 'manifestRejected'>,
): Promise<Manifests> {
  const { manifest, clients } = config.persistedOperations;
  await checkManifests(config);
  await using loaded = new AsyncDisposableStack();
  const common = manifest === undefined ? [] : [loaded.use(await loadManifest(manifest, telemetry))];
  // A Map and not an object, because a client may call itself `__proto__`.
  const own = new Map<string, ManifestFile>();
  for (const [client, path] of Object.entries(clients))
    own.set(client, loaded.use(await loadManifest(path, telemetry)));
  const files = [...common, ...own.values()];
  loaded.move();
  return {
    all: () => [
      ...common.map((file) => ({ client: null, manifest: file.current() })),
      ...[...own].map(([client, file]) => ({ client, manifest: file.current() })),
    ],
    of: (client) =>
      [own.get(client ?? ''), ...common].flatMap((file) => (file === undefined ? [] : [file.current()])),
    [Symbol.dispose]() {
      for (const file of files) file[Symbol.dispose]();
    },
  };
}

async function checkManifests(config: Pick<Config, 'persistedOperations'>): Promise<void> {
  const { manifest, clients } = config.persistedOperations;
  const settings = [
    ...(manifest === undefined ? [] : [{ at: ['manifest'], path: manifest }]),
    ...Object.entries(clients).map(([client, path]) => ({ at: ['clients', client], path })),
  ];
  const problems = settings.map(async ({ at, path }) => {
    const error = await readManifest(path).then(
      () => undefined,
      (reason: unknown) => `cannot read ${path} (${codeOrMessageOf(reason)})`,
    );
    return error === undefined ? [] : [`${placeIn(config, ['persistedOperations', ...at])}: ${error}`];
  });
  const found = (await Promise.all(problems)).flat();
  if (found.length > 0) throw new ConfigError(found);
}

type ManifestFile = Disposable & { readonly current: () => Manifest };

async function loadManifest(
  path: string,
  telemetry: Pick<Telemetry, 'manifestLoaded' | 'manifestRejected'>,
): Promise<ManifestFile> {
  let current = await readManifest(path);
  let settling: NodeJS.Timeout | undefined;
  telemetry.manifestLoaded(loadedEvent(path, current));

  async function reload(): Promise<void> {
    try {
      current = await readManifest(path);
      telemetry.manifestLoaded(loadedEvent(path, current));
    } catch (error) {
      telemetry.manifestRejected({ path, reason: messageOf(error) });
    }
  }

  const watcher = watchFile(path, () => {
    clearTimeout(settling);
    settling = setTimeout(() => void reload(), SETTLE_MS).unref();
  });
  return {
    current: () => current,
    [Symbol.dispose]() {
      clearTimeout(settling);
      watcher.close();
    },
  };
}

function loadedEvent(path: string, { operations, list }: Manifest) {
  return { path, operations, names: list.map(({ name }) => name) };
}

async function readManifest(path: string): Promise<Manifest> {
  return parseManifest(await readFile(path, 'utf8'));
}

// Watches the directory instead of the file: deployments replace the file, which would end a watch on it.
// Every event in the directory counts, because Kubernetes changes a symbolic link beside the file.
function watchFile(path: string, changed: () => void): FSWatcher {
  return watch(dirname(path), { persistent: false }, (_event, name) => {
    if (name === null || name === basename(path) || name === '..data') changed();
  });
}
