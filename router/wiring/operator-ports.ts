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

/** Functions and data of one router, which consists of one process or of several. */
export type OperatorPortParts = Pick<AdminParts, 'inspect' | 'applyBreakerCommand' | 'usage'> & {
  readonly telemetry: Pick<Telemetry, 'log' | 'auditLog'>;
  readonly processes: QueryProcesses;
  /** Returns the number of the client port. */
  readonly clientPort: () => number;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
};

/** The ports on which operators reach a router. */
export type OperatorPorts = {
  /** Returns the console for a port; undefined if it is disabled. */
  readonly consoleOn: (port: ConsolePort) => ServePaths | undefined;
  /**
   * Opens the admin port. Returns undefined if it is disabled.
   * @throws {Error} if the port is in use
   */
  readonly openAdminPort: () => Promise<(AsyncDisposable & { readonly url: string }) | undefined>;
};

/** Creates the ports of one router. Commands are recorded once, on whichever port they arrive. */
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
