import type { CheckReport, SchemaChange } from '../../checks/report.ts';

/** Returns a report as members of `data`: its own, and those that rover has for a check. */
export function reportData(report: CheckReport): Readonly<Record<string, unknown>> {
  const failures = report.changes.filter(({ verdict }) => verdict === 'breaks');
  const lint = report.lint.filter(({ isNew }) => isNew);
  const errors = lint.filter(({ severity }) => severity === 'error');
  return {
    ...report,
    tasks: {
      operations: {
        task_status: report.success ? 'PASSED' : 'FAILED',
        operation_check_count: report.operations.length,
        changes: report.changes.map(roverChange),
        failure_count: failures.length,
      },
      lint: {
        task_status: errors.length === 0 ? 'PASSED' : 'FAILED',
        diagnostics: lint.map(({ code, message, severity, coordinate = null, line = null }) => ({
          rule: code,
          level: severity.toUpperCase(),
          message,
          coordinate,
          start_line: line,
        })),
        errors_count: errors.length,
        warnings_count: lint.length - errors.length,
      },
    },
  };
}

function roverChange({ code, message, verdict }: SchemaChange) {
  return { code, description: message, severity: verdict === 'breaks' ? 'FAIL' : 'PASS' };
}
