import { composeInThread } from '../../router/supergraph/compose-in-thread.ts';
import type { SubgraphSchema } from '../../router/supergraph/compose.ts';
import type { Finding } from '../../router/supergraph/finding.ts';
import type { Compose } from '../../router/supergraph/sources/file-source.ts';
import { closestName } from '../../router/shared/closest-name.ts';
import { messageOf } from '../../router/shared/error-message.ts';
import { startMockSubgraph } from './mock-subgraph.ts';
import type { MockSubgraph } from './mock-subgraph.ts';

export type ListedSubgraph = { readonly name: string; readonly url: string; readonly isMocked: boolean };

/** Composition in which mocks take the place of some subgraphs. */
export type MockedComposition = AsyncDisposable & {
  readonly compose: Compose;
  /** The subgraphs of the last composition. */
  readonly subgraphs: () => readonly ListedSubgraph[];
};

/** Starts a mock for each name. A mock follows the schema of its subgraph. */
export async function startMocks(names: readonly string[]): Promise<MockedComposition> {
  await using built = new AsyncDisposableStack();
  const mocks = new Map<string, MockSubgraph>();
  for (const name of new Set(names)) mocks.set(name, built.use(await startMockSubgraph(name)));
  let listed: readonly ListedSubgraph[] = [];

  const compose: Compose = async (subgraphs, signal) => {
    const findings = [...unknownMocks([...mocks.keys()], subgraphs), ...applySchemas(mocks, subgraphs)];
    if (findings.length > 0) return { kind: 'failed', findings };
    const routed = subgraphs.map((subgraph) => ({
      ...subgraph,
      url: mocks.get(subgraph.name)?.url ?? subgraph.url,
    }));
    listed = routed.map(({ name, url = '' }) => ({ name, url, isMocked: mocks.has(name) }));
    return composeInThread(routed, signal);
  };

  const owned = built.move();
  return { compose, subgraphs: () => listed, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function unknownMocks(names: readonly string[], subgraphs: readonly SubgraphSchema[]): readonly Finding[] {
  const known = subgraphs.map(({ name }) => name);
  return names
    .filter((name) => !known.includes(name))
    .map((name) => {
      const closest = closestName(name, known);
      const hint =
        closest === undefined ? `; its subgraphs are: ${known.join(', ')}` : `; did you mean ${closest}?`;
      return {
        severity: 'error',
        code: 'UNKNOWN_MOCK',
        message: `--mock ${name}: the supergraph has no such subgraph${hint}`,
      };
    });
}

function applySchemas(
  mocks: ReadonlyMap<string, MockSubgraph>,
  subgraphs: readonly SubgraphSchema[],
): readonly Finding[] {
  return subgraphs.flatMap(({ name, sdl, place }): readonly Finding[] => {
    try {
      mocks.get(name)?.setSchema(sdl);
      return [];
    } catch (error) {
      return [
        { severity: 'error', code: 'INVALID_GRAPHQL', message: messageOf(error), subgraph: name, place },
      ];
    }
  });
}
