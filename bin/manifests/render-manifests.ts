import { join } from 'node:path';
import { runProgram } from '../../test/support/processes/run-program.ts';

const root = join(import.meta.dirname, '..', '..');
export const CHART = join(root, 'deploy', 'helm', 'tributary');
export const MANIFESTS = join(root, 'deploy', 'kubernetes');
const VALUES = join(root, 'deploy', 'helm', 'kubernetes-values.yaml');

/** Kubernetes version that templates are rendered for: a Helm that `go install` built assumes an old one. */
const KUBERNETES = '1.34.0';

/** Runs `helm template` in a folder and returns the text of each object. */
export async function renderChart(
  helm: string,
  args: readonly string[],
  cwd = root,
): Promise<readonly string[]> {
  const text = await runProgram(helm, ['template', ...args, CHART, '--kube-version', KUBERNETES], { cwd });
  return text.split(/^---\n/m).filter((object) => /^kind:/m.test(object));
}

/** Renders the manifests of `deploy/kubernetes`, by file name. */
export async function renderManifests(helm: string): Promise<ReadonlyMap<string, string>> {
  const args = ['tributary', '--namespace', 'tributary', '--values', VALUES, '--skip-tests'];
  const objects = await renderChart(helm, args);
  const files = Map.groupBy(objects.map(withoutHelm), fileName);
  return new Map([...files].map(([name, texts]) => [name, texts.join('---\n')]));
}

/** Removes comments and labels that only concern Helm. */
function withoutHelm(object: string): string {
  return object.replaceAll(
    /^(?:# Source: | *helm\.sh\/chart: | *app\.kubernetes\.io\/managed-by: ).*\n/gm,
    '',
  );
}

function fileName(object: string): string {
  const kind = /^kind: (\w+)/m.exec(object)?.[1] ?? 'unknown';
  return `${kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}.yaml`;
}
