import path from 'node:path'

/** The first word of the command line of a worker process. Not for people, so it is in no help. */
export const WORKER_COMMAND = 'run-worker'

/** The file to start another process of the command with: beside this one, in the sources as in what is built of them. */
export const mainFile = path.join(import.meta.dirname, `main${path.extname(import.meta.filename)}`)
