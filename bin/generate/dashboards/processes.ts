import { of, rate } from './dashboard.ts';
import type { Row } from './dashboard.ts';

/** The processes of the routers, part of the overview. */
export const PROCESSES: Row = {
  title: 'Router processes',
  panels: [
    {
      title: 'Event loop delay',
      description: 'Every request of a process waits this long, several times.',
      unit: 's',
      width: 8,
      redFrom: 0.1,
      alert: 'TributaryEventLoopDelayed',
      queries: [{ expr: of('tributary_event_loop_delay_seconds'), legend: '{{instance}} {{quantile}}' }],
    },
    {
      title: 'CPU',
      description: 'Processor time per second. A process without workers uses little more than one core.',
      unit: 'percentunit',
      width: 8,
      alert: 'TributaryEventLoopDelayed',
      queries: [{ expr: rate('process_cpu_seconds_total', 'instance'), legend: '{{instance}}' }],
    },
    {
      title: 'Heap',
      description: 'JavaScript heap in use.',
      unit: 'bytes',
      width: 8,
      alert: 'TributaryRequestsShed',
      queries: [{ expr: `sum by (instance) (${of('nodejs_heap_size_used_bytes')})`, legend: '{{instance}}' }],
    },
    {
      title: 'In flight and connections',
      description:
        'Client requests in flight, those of them that have not begun, and open connections of clients.',
      unit: 'short',
      width: 8,
      queries: [
        {
          expr: `sum by (instance) (${of('http_server_active_requests')})`,
          legend: 'requests {{instance}}',
        },
        { expr: `sum by (instance) (${of('tributary_requests_waiting')})`, legend: 'waiting {{instance}}' },
        {
          expr: `sum by (instance) (${of('tributary_client_connections')})`,
          legend: 'connections {{instance}}',
        },
      ],
    },
    {
      title: 'Operation cache, hits',
      description: 'Share of the requests whose operation was already prepared.',
      unit: 'percentunit',
      width: 8,
      queries: [
        {
          expr: `${rate('tributary_operation_cache_lookups_total', 'instance', 'outcome="hit"')} / ${rate('tributary_operation_cache_lookups_total', 'instance')}`,
          legend: '{{instance}}',
        },
      ],
    },
    {
      title: 'Deduplicated work',
      description: 'Operations and calls that shared an equal one in flight, per second.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: rate('tributary_deduplicated_total', 'level'), legend: '{{level}}' }],
    },
  ],
};
