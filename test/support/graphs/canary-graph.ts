import { createHash } from 'node:crypto';
import { parseConfig } from '../../../router/config/config.ts';
import type { Config } from '../../../router/config/config-schema.ts';
import { createRouter } from '../../../router/router.ts';
import type { Parts, Router } from '../../../router/router.ts';
import { rolloutSettingsSchema } from '../../../router/rollout/rollout-settings.ts';
import { compose } from '../../../router/supergraph/compose.ts';
import type { Release } from '../../../router/supergraph/registry/release.ts';
import type { LoadedSupergraph } from '../../../router/supergraph/supergraph-source.ts';
import { noPressure } from './pressure.ts';
import { WITHOUT_THREADS } from './without-threads.ts';

type Line = Readonly<Record<string, unknown>>;

/** A launch of a test: the SDL of its subgraphs, and their URLs. */
type Launch = Readonly<Record<string, { readonly sdl: string; readonly url: string }>>;

type CanaryOfTest = {
  readonly launch: number;
  readonly percent: number;
  readonly began?: number;
  readonly state?: 'running' | 'paused';
};

/** A router that follows releases which the test makes. */
export type CanaryGraph = AsyncDisposable & {
  readonly router: Router;
  readonly log: readonly Line[];
  /** Makes the next release. Resolves once the router has activated or rejected it. */
  readonly release: (serving: number, canary?: CanaryOfTest) => Promise<void>;
  /** Applies another configuration. */
  readonly configure: (text: string) => Promise<void>;
  /** Sends a request of the caller with this number. */
  readonly ask: (caller: number, query: string) => Promise<Response>;
};

export type CanaryGraphOptions = {
  readonly launches: Readonly<Record<number, Launch>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly config?: string;
  readonly parts?: Partial<Parts>;
};

/**
 * Starts a router whose source delivers the releases of the test, in place of a registry. Callers are
 * distinguished by their addresses.
 */
export async function startCanaryGraph(options: CanaryGraphOptions): Promise<CanaryGraph> {
  const sdls = new Map(
    Object.entries(options.launches).map(([launch, subgraphs]) => [Number(launch), supergraphOf(subgraphs)]),
  );
  const rollout = rolloutSettingsSchema.parse({ strategy: 'canary', ...options.settings });
  let loaded: LoadedSupergraph = { kind: 'unavailable', reasons: ['no release yet'] };
  let sequence = 0;
  const log: Line[] = [];
  const router = await createRouter(configOf(options.config), {
    log: { write: (line) => void log.push(JSON.parse(line)) },
    watchPressure: noPressure,
    ...WITHOUT_THREADS,
    createSources: () => ({
      list: [
        {
          kind: 'registry',
          name: 'releases of the test',
          load: async () => loaded,
          isPolled: () => false,
          [Symbol.asyncDispose]: async () => undefined,
        },
      ],
      stored: undefined,
      onChange: () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }),
    ...options.parts,
  });

  function sdlOf(launch: number): string {
    const sdl = sdls.get(launch);
    if (sdl === undefined) throw new Error(`the test has no launch ${launch}`);
    return sdl;
  }

  return {
    router,
    log,
    async release(serving, canary) {
      sequence += 1;
      const release: Release = {
        version: 1,
        graph: 'library',
        variant: 'test',
        sequence,
        issuedAt: '2030-01-01T00:00:00Z',
        serving: { launch: serving, sha256: sha256Of(sdlOf(serving)) },
        canary:
          canary === undefined
            ? null
            : { state: 'running', began: sequence, ...canary, sha256: sha256Of(sdlOf(canary.launch)) },
        rollback: false,
        reason: null,
        rollout,
        contracts: [],
      };
      loaded = {
        kind: 'supergraph',
        sdl: sdlOf(serving),
        findings: [],
        release,
        ...(canary !== undefined && { canary: { kind: 'supergraph', sdl: sdlOf(canary.launch) } }),
      };
      await router.reload();
    },
    configure: (text) => router.reconfigure(() => configOf(text)),
    ask: (caller, query) =>
      fetch(router.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-forwarded-for': `10.${caller >> 16}.${(caller >> 8) & 255}.${caller & 255}`,
        },
        body: JSON.stringify({ query }),
      }),
    [Symbol.asyncDispose]: () => router[Symbol.asyncDispose](),
  };
}

/** Reads a configuration with which each value of `x-forwarded-for` is a caller. */
function configOf(text = ''): Config {
  return parseConfig(`${text}\nlisten: { trustedProxies: [127.0.0.1, '::1'] }`, {
    env: { PORT: '0', ADMIN_PORT: '0', SUPERGRAPH: 'unused.yaml', LOG_LEVEL: 'info' },
    fileName: 'router.yaml',
    directory: '.',
  });
}

/** Composes a launch. */
function supergraphOf(subgraphs: Launch): string {
  const composition = compose(
    Object.entries(subgraphs).map(([name, { sdl, url }]) => ({ name, sdl, url, place: name })),
  );
  if (composition.kind === 'composed') return composition.supergraphSdl;
  throw new Error(composition.findings.map(({ message }) => message).join('\n'));
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
