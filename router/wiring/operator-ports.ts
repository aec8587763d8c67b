import { listenAdmin } from '../admin/admin-server.ts';
import type { AdminParts } from '../admin/admin-server.ts';
import type { Config } from '../config/config-schema.ts';
import { createAudit } from '../console/audit.ts';
import { createEventLog } from '../console/event-log.ts';
import type { QueryProcesses } from '../console/process-queries.ts';
import type { ConsolePort } from '../console/server/console-access.ts';
import { createConsoleServer } from '../console/server/console-server.ts';
import { createOperatorCheck } from '../console/server/operator-token.ts';
import type { ServePaths } from '../http/request-path.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** Functions and data of a router (one process or several) that the admin port and the console need. */
export type OperatorPortParts = Pick<AdminParts, 'inspect' | 'applyBreakerCommand' | 'usage'> & {
  readonly telemetry: Pick<Telemetry, 'log' | 'auditLog'>;
  readonly processes: QueryProcesses;
  /** Returns the number of the port on which the router serves clients. */
  readonly clientPort: () => number;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
};

/** The admin port and the console, which operators use. */
export type OperatorPorts = {
  /**
   * Returns the handler of the console's paths for the client port or the admin port; undefined if the
   * console is disabled.
   */
  readonly consoleOn: (port: ConsolePort) => ServePaths | undefined;
  /**
   * Opens the admin port. Returns undefined if it is disabled.
   * @throws {Error} if the port is in use
   */
  readonly openAdminPort: () => Promise<(AsyncDisposable & { readonly url: string }) | undefined>;
};

/**
 * Creates the admin port and the console of one router. Both record operators' commands in the same history.
 */
export function createOperatorPorts(config: Config, parts: OperatorPortParts): OperatorPorts {
  const { telemetry, now } = parts;
  const commands = createEventLog(now);
  const operated = {
    ...parts,
    audit: createAudit(telemetry.auditLog, commands),
    commands,
    log: telemetry.log,
  };
  const consoleOn = (port: ConsolePort) =>
    config.console.enabled ? createConsoleServer(config, { ...operated, port }) : undefined;
  return {
    consoleOn,
    openAdminPort: async () =>
      config.admin.enabled
        ? listenAdmin(config, {
            ...operated,
            serveConsole: consoleOn('admin'),
            checkOperator: createOperatorCheck(config, parts.processes),
          })
        : undefined,
  };
}
