import type { IncomingMessage } from 'node:http';
import type { Config } from '../../config/config-schema.ts';
import type { ServePaths } from '../../http/request-path.ts';
import type { ClientResponse } from '../../request/client-request.ts';
import { apiError, apiFailure } from './api-response.ts';
import { createConsoleAccess } from './console-access.ts';
import { createConsoleApi } from './console-api.ts';
import type { ConsoleApiParts } from './console-api.ts';
import { createConsolePage } from './console-page.ts';
import { createGraphqlForwarding } from './forward-graphql.ts';
import type { ForwardParts } from './forward-graphql.ts';

const PAGES: ReadonlySet<string> = new Set(['/', '/console', '/console/']);
const ASSETS = '/console/assets/';
const API = '/console/api/';
/** Path for GraphQL operations of the console on the admin port, which forwards them to the client port. */
const GRAPHQL = '/console/graphql';

/**
 * Serves the console on one port: the page, its assets and its API. Anybody may load the page and the assets,
 * because these files contain no data of the router. The API has the access rules of `createConsoleAccess`.
 */
export function createConsoleServer(config: Config, parts: ConsoleApiParts & ForwardParts): ServePaths {
  const files = createConsolePage();
  const checkAccess = createConsoleAccess(config, parts);
  const handle = createConsoleApi(config, parts);
  const forward = createGraphqlForwarding(config, parts);

  async function graphql(request: IncomingMessage): Promise<ClientResponse> {
    const access = await checkAccess(request, true);
    if (access.kind === 'rejected') return access.response;
    try {
      return await forward(request);
    } catch (error) {
      return apiFailure(error, parts.log);
    }
  }

  const api: ServePaths = async (request, path) => {
    const access = await checkAccess(request, false);
    if (access.kind === 'rejected') return access.response;
    const query = queryOf(request.url);
    try {
      return await handle(path.slice(API.length), { request, query, caller: access.caller });
    } catch (error) {
      return apiFailure(error, parts.log);
    }
  };

  return async (request, path) => {
    if (path.startsWith(API)) return api(request, path);
    if (path === GRAPHQL && parts.port === 'admin') return graphql(request);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && PAGES.has(path)) return files.page();
    if (!path.startsWith('/console/')) return undefined;
    const asset =
      isRead && path.startsWith(ASSETS) ? files.asset(path.slice(ASSETS.length), request.headers) : undefined;
    return asset ?? notFound(path);
  };
}

/**
 * Returns the parameters in the query string of a request. The request target is not parsed with `URL`, which
 * fails for some targets.
 */
function queryOf(target = ''): URLSearchParams {
  const start = target.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : target.slice(start).replace(/#.*/, ''));
}

function notFound(path: string): ClientResponse {
  return apiError({ status: 404, code: 'NOT_FOUND', message: `path ${path} does not exist` });
}
