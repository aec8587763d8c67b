import type { Logger } from 'pino';
import type { Audit } from '../admin/breaker-command.ts';
import type { EventLog } from './event-log.ts';

/** Creates the function that records each command of an operator, in the log and in the console's history. */
export function createAudit(log: Pick<Logger, 'info'>, events: Pick<EventLog, 'add'>): Audit {
  return (entry) => {
    const { who, address, action, subgraph, field, outcome } = entry;
    log.info({ stream: 'audit', ...entry, clientIp: address }, 'operator command');
    const target = field === undefined ? subgraph : `${subgraph} ${field}`;
    events.add('command', `${action} of ${target} by ${who} from ${address}: ${outcome}`, entry);
  };
}
