import { CLIENTS } from './clients.ts';
import { DEGRADATION } from './degradation.ts';
import { dashboardFile } from './grafana-json.ts';
import { OVERVIEW } from './overview.ts';
import { ROLLOUT } from './rollout.ts';
import { SUBGRAPHS } from './subgraphs.ts';

const FOLDER = 'deploy/observability/grafana/dashboards';

/** Returns the content of each dashboard by its file. */
export function dashboardFiles(): Readonly<Record<string, string>> {
  const dashboards = [OVERVIEW, SUBGRAPHS, CLIENTS, DEGRADATION, ROLLOUT];
  return Object.fromEntries(
    dashboards.map((dashboard) => [`${FOLDER}/${dashboard.name}.json`, dashboardFile(dashboard)]),
  );
}
