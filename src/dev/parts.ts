/** What the command line uses of this room beside its index, without loading the rest of it. */
export { listenOn } from './port.ts'

/** Loaded where it is used: it needs the driver pg. */
export const overPostgres = () => import('./database/postgres.ts')
