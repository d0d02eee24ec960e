import { connected } from '../frame/servers.ts'
import { peerNamed } from '../peers/all.ts'
import type { Peer } from '../peers/peer.ts'

/** Our worker as it is, and with one thing taken away or put in. */
export interface Variant {
  readonly what: string
  readonly peer: Peer
}

const worker = peerNamed('interlock')

/** The same on a database that was changed in one way. */
const on = (what: string, change: string): Variant => ({
  what,
  peer: { ...worker, change: (url) => connected(url, (client) => client.query(change)) },
})

const withoutIndex = (name: string) => on(`without the index ${name}`, `drop index ${name}`)

/** Jobs without a payload, and handlers without a result. */
const withoutData: Variant = {
  what: 'without payloads',
  peer: {
    ...worker,
    connect: async (setting) => {
      const session = await worker.connect(setting)
      return {
        ...session,
        enqueue: (tasks) => session.enqueue(tasks.map((task) => ({ ...task, isBare: true }))),
      }
    },
  },
}

export const asItIs: Variant = { what: 'as it is', peer: worker }

export const variants: readonly Variant[] = [
  on(
    'without waiting for the disk',
    `do $$ begin execute replace(pg_get_functiondef('public.job_queue_append'::regproc),
       '''synchronous_commit'', ''on''', '''synchronous_commit'', ''off'''); end $$`,
  ),
  on(
    'without notifications',
    `do $$ begin execute format('alter database %I set interlock.notify = off', current_database()); end $$`,
  ),
  withoutData,
  withoutIndex('job_queue_log_command_idx'),
  withoutIndex('job_queue_log_job_idx'),
  withoutIndex('job_queue_log_time_idx'),
  on('with a chain of hashes', "select job_queue_start_chain('default')"),
]
