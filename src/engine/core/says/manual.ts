/**
 * The pages that messages name. Each of them is in the package, whatever else of docs/ is: `.ci/addresses.mjs` reads their names here.
 * The SQL of migrations/ writes the same names.
 */
export const manual = {
  bundlers: 'interlock-queue/docs/guides/your-app.md#bundlers',
  dashboard: 'interlock-queue/docs/reference/dashboard.md',
  json: 'interlock-queue/docs/reference/json.md',
  firstCoordinator: 'interlock-queue/docs/reference/first-coordinator.md',
  /** The runbooks, each under the name of its alert: `runbook_url` of docs/observability/alerts.yml. */
  alerts: 'interlock-queue/docs/reference/alerts.md',
  commands: 'interlock-queue/docs/reference/sql-workers.md#commands',
  schedules: 'interlock-queue/docs/guides/schedules.md',
  yourTables: 'interlock-queue/docs/guides/migration-guide.md',
} as const
