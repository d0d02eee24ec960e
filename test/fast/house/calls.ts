/** What single calls enter, on the memory store and on PostgreSQL. */
import { fork } from 'node:child_process'
import { serversAt } from '../../../bench/frame/servers.ts'
import type { Entered } from './calls-child.ts'

export interface Calls {
  readonly memory: readonly Entered[]
  readonly postgres: readonly Entered[]
}

/** Starts a PostgreSQL of its own, and ends it. */
export async function measureCalls(): Promise<Calls> {
  await using servers = serversAt(undefined)
  return { memory: await entered(), postgres: await entered(await servers.database()) }
}

function entered(...url: readonly string[]): Promise<readonly Entered[]> {
  const child = fork(new URL('./calls-child.ts', import.meta.url), url)
  return new Promise((resolve, reject) => {
    let found: readonly Entered[] | undefined
    child.once('message', (message) => {
      found = message as readonly Entered[]
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0 && found !== undefined) resolve(found)
      else reject(new Error(`test/fast/house/calls-child.ts ended with code ${code}`))
    })
  })
}
