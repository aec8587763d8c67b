// oxlint-disable-next-line import/no-unassigned-import -- it sets an environment variable for the gateway
import './disable-usage-reports.ts';
import { ApolloGateway } from '@apollo/gateway';

/**
 * Creates the gateway from which Apollo Server gets the schema. The gateway executes no operations: the
 * router executes them itself.
 */
export function createGateway(supergraphSdl: string): ApolloGateway {
  const gateway = new ApolloGateway({ supergraphSdl, logger: SILENT, __exposeQueryPlanExperimental: false });
  gateway.executor = () => Promise.reject(new Error('bug: an operation reached the executor of the gateway'));
  return gateway;
}

// A logger that writes nothing: the gateway also throws its errors, and the router logs those.
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  return undefined;
}
