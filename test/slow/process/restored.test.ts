// Slow, 23 s: restores a database under workers.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { temporaryFolder } from '../../servers/cli/support.ts'
import { migrateDatabase } from '../../servers/contract/support.ts'
import { document, start, statusUntil } from '../../servers/e2e/support.ts'
import { judge } from '../../servers/process/support.ts'
import { type PostgresServer, startPostgres } from '../../support/postgres.ts'

/** They call an outside provider: a file in which each attempt says its token. No restore makes that forget. */
const handlers = (provider: string) => `
  import { appendFile } from 'node:fs/promises'
  import { setTimeout as sleep } from 'node:timers/promises'
  async function render({ jobId }, { fence, signal }) {
    await appendFile('${provider}', fence + ' ' + jobId + '\\n')
    await sleep(300, undefined, { signal })
  }
  export default { handlers: { '*': render }, concurrency: 2 }`

const startWorkers = (url: string, file: string) =>
  [1, 2, 3, 4].map(() => start(['work', '--handler', file, '--url', url]))

/** As a backup at night would be. */
async function backUp(server: PostgresServer, copy: string): Promise<void> {
  await server.stop()
  await server.backUp(copy)
  await server.restart()
}

async function restore(server: PostgresServer, copy: string): Promise<void> {
  await server.stop('immediate')
  await server.restore(copy)
  await server.restart()
}

/** Fences, as the provider saw them. */
const fencesOf = async (provider: string) =>
  (await readFile(provider, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ')[0])

describe('an older backup that is restored under four running workers', () => {
  it('stops them with a typed error; the queue is held, its doubtful jobs are listed, and no token is used twice', async () => {
    await using server = await startPostgres()
    const { url } = server
    await migrateDatabase(url)
    const folder = await temporaryFolder()
    const provider = path.join(folder, 'provider.txt')
    const file = path.join(folder, 'handlers.mjs')
    await writeFile(provider, '')
    await writeFile(file, handlers(provider))
    await document(['policy', 'set', '--policy', 'by-model', '--url', url])
    const workers = startWorkers(url, file)
    // All of them: the server is away in a moment, and one that comes then does not begin at all.
    await statusUntil(url, (status) => status.workers.filter(({ state }) => state === 'live').length === 4)
    await enqueue(url, 150)
    const ran = async (jobs: number) =>
      expect.poll(async () => (await fencesOf(provider)).length, { timeout: 60_000 }).toBeGreaterThan(jobs)
    await ran(20)
    await backUp(server, path.join(folder, 'backup'))
    // All four go on, and end jobs of which the backup knows nothing.
    await ran(70)
    const before = (await fencesOf(provider)).length
    await restore(server, path.join(folder, 'backup'))

    for (const { ended } of workers) {
      const { code, stderr } = await ended
      expect(stderr).toContain('error (log_went_back): the log of queue default is at event')
      expect(stderr).toMatch(/to do: .*npx interlock-queue recover/)
      expect(code).toBe(1)
    }

    const looked = await document(['recover', '--url', url])
    expect(looked).toMatchObject({ epoch: 2, status: 'draining', decided: [] })
    const ids: string[] = looked.doubtful.map(({ jobId }: { jobId: string }) => jobId)
    expect(ids.length).toBeGreaterThan(1)
    const [completed = '', failed = '', ...others] = ids
    const words = ['--completed', completed, '--fail', failed, ...others.flatMap((id) => ['--requeue', id])]
    expect(await document(['recover', ...words, '--url', url])).toMatchObject({ doubtful: [] })

    startWorkers(url, file)
    await document(['resume', '--url', url])
    await statusUntil(url, ({ activeCount, waitingCount }) => activeCount + waitingCount === 0)
    const fences = await fencesOf(provider)
    expect(fences.length).toBeGreaterThan(before)
    expect(new Set(fences).size).toBe(fences.length)

    const store = postgresStore(url)
    const { events, violations, verified } = await judge(store)
    await store.close()
    expect({ violations, verified }).toEqual({ violations: [], verified: true })
    const ended = (type: string) => events.filter((event) => event.type === type).length
    expect(ended('completed')).toBe(149)
    // Those that were given back to the line failed too, but not for good.
    expect(events.filter((event) => event.type === 'failed' && event.final)).toHaveLength(1)
  })
})

async function enqueue(url: string, count: number): Promise<void> {
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  const jobs = Array.from({ length: count }, (_, n) => ({ jobId: `job-${n}`, models: [`model-${n % 8}`] }))
  await coordinator.enqueue(jobs)
  await coordinator.close()
  await store.close()
}
