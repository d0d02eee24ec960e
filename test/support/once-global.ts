/**
 * vitest's globalSetup: what several test files need and what takes long to make is made once for the whole run, when the first of
 * them asks. They run in processes of their own, so they ask by HTTP: `once.ts`.
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { makeChromium } from './chromium.ts'
import { migratedTemplate, projectTemplate } from './database-template.ts'
import { debianFolder, type Wanted } from './debian.ts'
import { makeEmbedded } from './embedded-template.ts'
import type { Made } from './made.ts'
import { makeArchive } from './package-archive.ts'
import { makePage } from './page-files.ts'
import { makeCluster } from './postgres-cluster.ts'
import type {} from './postgres-global.ts'
import { makePrograms } from './programs.ts'

/** Once for a run: two that install at once lock each other out. */
function installed(wanted: Wanted): () => Promise<Made> {
  return async () => ({ place: await debianFolder(wanted), remove: async () => {} })
}

/** What can be asked for. @param url the server of the run */
export const makers = {
  /** The archive of the package, as npm would publish it. */
  package: makeArchive,
  /** A folder with the command, the library and programs of tests, compiled: `program.ts`. */
  programs: makePrograms,
  /** The folder with the page of the dashboard. */
  page: makePage,
  /** A browser, by its path; installed where there is none. */
  chromium: makeChromium,
  /** The folder with Prometheus and promtool, or with PgBouncer; installed where there are none. */
  prometheus: installed({
    ...{ name: 'prometheus', programs: ['prometheus', 'promtool'], variable: 'INTERLOCK_TEST_PROMETHEUS' },
  }),
  pgbouncer: installed({
    ...{ name: 'pgbouncer', programs: ['pgbouncer'], variable: 'INTERLOCK_TEST_PGBOUNCER' },
  }),
  /** A folder with embedded databases to copy. */
  embedded: makeEmbedded,
  /** The files of a stopped server that has Interlock's tables, to copy. */
  cluster: makeCluster,
  /** A database with Interlock's tables, to copy. */
  migrated: migratedTemplate,
  /** One that is the database of a stand-in for Supabase besides. */
  project: projectTemplate,
} satisfies Record<string, (url: string) => Promise<Made>>

declare module 'vitest' {
  interface ProvidedContext {
    onceUrl: string
  }
}

/** Each project loads a copy of this module: what they share is kept on `globalThis`. */
interface Shared {
  users: number
  readonly server: Server
  readonly made: Map<string, Promise<Made>>
}
const key = Symbol.for('interlock.test.once')
const holder = globalThis as { [key]?: Shared | undefined }

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  holder[key] ??= share(project.getProvidedContext().postgresUrl)
  const shared = holder[key]
  shared.users++
  if (!shared.server.listening) await new Promise((resolve) => shared.server.once('listening', resolve))
  project.provide('onceUrl', `http://127.0.0.1:${(shared.server.address() as AddressInfo).port}/`)
  return async () => {
    shared.users--
    if (shared.users > 0) return
    holder[key] = undefined
    shared.server.close()
    for (const made of shared.made.values()) await made.then(({ remove }) => remove()).catch(() => {})
  }
}

function share(postgresUrl: string): Shared {
  const made = new Map<string, Promise<Made>>()
  const server = createServer(async ({ url = '' }, response) => {
    const name = url.slice(1) as keyof typeof makers
    const making = made.get(name) ?? makers[name](postgresUrl)
    made.set(name, making)
    // A connection that is kept for the next question may be closed at this end just when it comes.
    response.setHeader('connection', 'close')
    try {
      response.end((await making).place)
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  return { users: 0, server: server.listen(0, '127.0.0.1'), made }
}
