/** The worker processes of `interlock work --processes`. */
import { execFile } from 'node:child_process'
import { copyFile, link, readFile, rename } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createDatabase } from '../../support/postgres-database.ts'
import { eventually } from '../../support/this-test.ts'
import { fileWith, temporaryFolder } from '../cli/support.ts'
import { document, start } from './support.ts'

/** The program that runs this, under a name of its own. */
async function ownNode(): Promise<string> {
  const node = path.join(await temporaryFolder(), 'node')
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node))
  return node
}

const childrenOf = async (pid: number | undefined): Promise<readonly number[]> => {
  const { stdout } = await promisify(execFile)('pgrep', ['-P', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.split('\n').filter(Boolean).map(Number)
}

/** Two worker processes, one of which runs a job that takes so long. */
async function serviceAtWork(ms: number) {
  const url = await createDatabase('e2e', 'migrated')
  const runs = path.join(await temporaryFolder(), 'runs')
  const handlers = await fileWith(
    'handlers.mjs',
    `import { appendFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
export default { handlers: { '*': async (job, { signal }) => {
  await appendFile(${JSON.stringify(runs)}, 'begins ')
  await sleep(${ms}, undefined, { signal })
  await appendFile(${JSON.stringify(runs)}, 'ends ')
} } }`,
  )
  const work = start(['work', '--handler', handlers, '--url', url, '--processes', '2'])
  await eventually(() => work.spoken.stderr.match(/working on queue/g)?.length, { timeout: 60_000 }).toBe(2)
  await start(['enqueue', '--job', 'a', '--models', 'm', '--url', url]).ended
  await eventually(() => readFile(runs, 'utf8').catch(() => ''), { timeout: 60_000 }).toBe('begins ')
  return { url, runs, work }
}

describe('work --processes', () => {
  it('goes on while a worker cannot be started, and starts it when that is possible again', async () => {
    const url = await createDatabase('e2e', 'migrated')
    const handlers = await fileWith('handlers.mjs', 'export default { handlers: { "*": () => {} } }')
    const node = await ownNode()
    const { child, ended } = start(['work', '--handler', handlers, '--url', url, '--processes', '2'], node)
    let said = ''
    child.stderr?.on('data', (text: string) => (said += text))
    await eventually(() => said.match(/working on queue/g)?.length, { timeout: 60_000 }).toBe(2)
    await rename(node, `${node}.away`)
    const [victim] = await childrenOf(child.pid)
    process.kill(victim as number, 'SIGKILL')
    await eventually(() => /could not be started \(.*ENOENT.*\); another one starts/.test(said)).toBe(true)
    await rename(`${node}.away`, node)
    await eventually(() => said.match(/working on queue/g)?.length, { timeout: 60_000 }).toBe(3)
    expect(await childrenOf(child.pid)).toHaveLength(2)
    child.kill('SIGTERM')
    const { code } = await ended
    expect(code).toBe(0)
    expect(said).toContain(`(process ${victim}) ended by SIGKILL; another one starts now`)
  })

  it('drains when every process of the service gets the signal, as from systemd', async () => {
    const { url, runs, work } = await serviceAtWork(2_000)
    for (const pid of [work.child.pid, ...(await childrenOf(work.child.pid))])
      process.kill(pid as number, 'SIGTERM')
    expect((await work.ended).code).toBe(0)
    expect(await readFile(runs, 'utf8')).toBe('begins ends ')
    expect(await document(['explain', 'a', '--url', url])).toMatchObject({ state: 'ended' })
  })

  it('gives back what runs at the second signal of the one who started it', async () => {
    const { url, runs, work } = await serviceAtWork(60_000)
    work.child.kill('SIGTERM')
    await eventually(() => /press Ctrl-C again/.test(work.spoken.stderr)).toBe(true)
    work.child.kill('SIGTERM')
    expect((await work.ended).code).toBe(0)
    expect(await readFile(runs, 'utf8')).toBe('begins ')
    expect(await document(['explain', 'a', '--url', url])).toMatchObject({ state: 'waiting' })
  })
})
