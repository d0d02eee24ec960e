/**
 * A dashboard on the log (`interlock-queue/dashboard`): a handler of the Fetch API that you mount in any server, behind your own
 * authentication. It reads a queue without joining it. Operators pull levers, each with a preview. See docs/guides/observability.md#dashboard.
 * @example
 * import { createServer } from 'node:http'
 * import { createDashboard, toNodeHandler, tokenSession } from 'interlock-queue/dashboard'
 * import { postgresStore } from 'interlock-queue/postgres'
 *
 * const session = tokenSession({ grant: { actor: 'support', role: 'viewer' } })
 * const dashboard = createDashboard({ store: postgresStore('postgres://localhost/app'), authorize: session })
 * createServer(toNodeHandler(dashboard)).listen(8080, '127.0.0.1')
 * console.log(`http://127.0.0.1:8080/#${session.token}`)
 * @module
 */
export { createDashboard, type Dashboard } from './dashboard.ts'
export { type Authorize, type Grant, type Lever, levers } from './guard/grant.ts'
export { type TokenSession, type TokenSessionOptions, tokenSession } from './guard/token-session.ts'
export type { DashboardMetrics, DashboardOptions } from './options.ts'
export { type NodeHandler, toNodeHandler } from './to-node-handler.ts'
