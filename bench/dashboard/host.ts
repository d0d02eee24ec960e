import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createDashboard, tokenSession, toNodeHandler } from '../../src/apps/dashboard/index.ts'
import type { LogStore } from '../../src/engine/store/index.ts'

/** A page that waits for what comes late: a busy machine makes figures worse, and is no reason to give up. */
export async function patientPage(of: Browser | BrowserContext): Promise<Page> {
  const page = await of.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  return page
}

const PATIENCE_MS = 120_000

export const project = path.resolve(import.meta.dirname, '../..')

/** Clock ticks per second, as Linux counts the time of a process. */
const TICKS = 100

export interface Host {
  readonly child: ChildProcess
  /** With a token in it, which is good once. */
  readonly address: string
  readonly ended: Promise<unknown>
  stop(): Promise<void>
}

/** The `interlock` command in a process of its own, once it has said its address. */
export async function interlock(words: readonly string[], address: RegExp): Promise<Host> {
  const child = spawn(process.execPath, ['src/apps/cli/main.ts', ...words], { cwd: project })
  const ended = once(child, 'exit')
  let said = ''
  const heard = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        said += String(data)
        const found = address.exec(said)?.[1]
        if (found !== undefined) resolve(found)
      })
    child.once('exit', () => reject(new Error(said)))
  })
  return {
    child,
    address: await heard,
    ended,
    stop: async () => {
      child.kill('SIGINT')
      await ended
    },
  }
}

/** `interlock dashboard` over a database. */
export const dashboardOf = (url: string): Promise<Host> =>
  interlock(['dashboard', '--json', '--url', url], /"url":\s*"([^"]+)"/)

/** The processor time of a process so far, in milliseconds; Linux only. */
export function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1_000
}

/** A dashboard of this process. */
export async function servedHere(store: LogStore) {
  const session = tokenSession({ grant: { actor: 'bench', role: 'viewer' } })
  const dashboard = createDashboard({ store, authorize: session })
  const server = createServer(toNodeHandler(dashboard))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/#${session.token}`,
    [Symbol.asyncDispose]: async () => {
      await dashboard.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
