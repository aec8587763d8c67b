import type { Launch } from './registry-types.ts';

/** A subgraph of a launch, compared with the launch before. */
export type SubgraphChange = {
  readonly name: string;
  /** `new, version 1`, `version 3 → 4`, `removed` or `version 4`. */
  readonly text: string;
  readonly isChanged: boolean;
};

type Versions = Pick<Launch, 'subgraphs'>;

/** Compares the subgraphs of a launch with those of the launch before, changed ones first. */
export function changedSubgraphs(launch: Versions, before: Versions | null): readonly SubgraphChange[] {
  const earlier = new Map((before?.subgraphs ?? []).map(({ name, version }) => [name, version]));
  const present = new Set(launch.subgraphs.map(({ name }) => name));
  const removed = [...earlier.keys()]
    .filter((name) => !present.has(name))
    .map((name) => ({ name, text: 'removed', isChanged: true }));
  const rest = launch.subgraphs.map(({ name, version }): SubgraphChange => {
    const was = earlier.get(name);
    if (before === null || was === version) return { name, text: `version ${version}`, isChanged: false };
    if (was === undefined) return { name, text: `new, version ${version}`, isChanged: true };
    return { name, text: `version ${was} → ${version}`, isChanged: true };
  });
  return [...removed, ...rest].toSorted((one, other) => Number(other.isChanged) - Number(one.isChanged));
}
