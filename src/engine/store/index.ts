/**
 * The port: what a store of logs can do. A store is one object, `LogStore`, with two halves: `EngineStore`, what the engine needs to
 * work, and `ToolStore`, what only tools ask for. Each part asks only for the role that it needs.
 *
 *     for await (const page of pagesAfter(store, queue, 0)) fold(ledger, page.events)   // log-pages.ts: the one reader of a log
 *     const answer = await store.append(request)                                        // a conflict is an answer, no error
 *
 * The stores stand in `memory/` (the reference), `pglite/`, `postgres/` and `supabase/`; `sql/` is what the three share. All pass one
 * contract (`test/servers/contract`).
 *
 * A store promises: an append is written whole or not at all, on the version that it names, and its events have no gaps. `listen` tells of
 * appends (`Wake`); a message may be lost, and the log is what counts. Errors: `store_unavailable`, `store_unwritable`, `contention`, …
 * @module
 */
export * from './append.ts'
export * from './checkup.ts'
export * from './engine-store.ts'
export * from './log-pages.ts'
export * from './log-store.ts'
export * from './look-policy.ts'
export * from './membership.ts'
export * from './raised.ts'
export * from './refusals.ts'
export * from './schema.ts'
export * from './side-data.ts'
export * from './telemetry.ts'
export * from './tool-store.ts'
export * from './user-tables.ts'
export * from './wake.ts'
