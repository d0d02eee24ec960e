/** What the command line uses of this room besides its index, without loading the rest of it. */
export { listenOn } from './port.ts'

/** Loaded only when used: it needs the driver pg. */
export const overPostgres = () => import('./database/postgres.ts')
