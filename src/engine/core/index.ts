/**
 * The rules, and nothing else: which job may start, what a command leads to, why a job waits. Pure: no clock, no database, no import
 * from outside of this folder.
 *
 *     const { events, results } = decide(ledger, commands, { now, deadWorkers })
 *     const next = evolve(ledger, event)
 *
 * Eight rooms, each of which imports only those before it: values, state, needs, line, fold, dispatch, decide, says. The `index.ts` of a room
 * says what it is, and which file one reads first.
 *
 * `decide` turns commands into events or a refusal (`decide/`, and `dispatch/`, which gives away what may start). `evolve` is the only
 * place where state changes (`fold/`). Every event passes the law (`fold/law/`): which event may come in which state. A `Ledger` never
 * changes; a `Draft` becomes the next one.
 *
 * It promises: the same log gives the same ledger everywhere, two jobs that share a model never run at once, and a job that holds
 * models holds all that it needs, so there are no deadlocks. Errors are `InterlockError`s with a `code`; `corrupt_log` means an event
 * that the law forbids.
 * @module
 */

export * from './decide/index.ts'
export * from './dispatch/index.ts'
export * from './fold/index.ts'
export * from './line/index.ts'
export * from './needs/index.ts'
export * from './says/index.ts'
export * from './state/index.ts'
export * from './values/index.ts'
