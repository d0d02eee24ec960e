/**
 * The doctor (`interlock-queue/doctor`): what is wrong with the database, the queue and its workers, each with its remedy.
 * @example
 * import { examine } from 'interlock-queue/doctor'
 * import { postgresStore } from 'interlock-queue/postgres'
 *
 * const url = 'postgres://localhost/app'
 * const { ok, findings } = await examine({ store: postgresStore(url) }, { url })
 * @module
 */
export { type Examination, examine } from './examine.ts'
export type { ExamineOptions } from './facts.ts'
export type { Finding } from './finding.ts'
export type { LogSize } from './sizes.ts'
export type { Standby, Standbys } from './standbys.ts'
