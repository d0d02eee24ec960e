// Slow: kills servers, and who started them.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { startPostgres } from '../../support/postgres.ts'
import { createDatabase } from '../../support/postgres-database.ts'

async function ask(url: string, question: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  // A server that is killed under a connection reports it here; the next question tells what there is to know.
  client.on('error', () => {})
  await client.connect()
  try {
    const answer = await client.query({ text: question, rowMode: 'array' })
    return answer.rows[0]?.[0]
  } finally {
    await client.end()
  }
}

describe('the server of the run', () => {
  it('gives every caller an empty database of its own', async () => {
    const [one, other] = await Promise.all([createDatabase('support'), createDatabase('support')])
    await ask(one, 'CREATE TABLE mine ()')
    expect(await ask(one, "SELECT to_regclass('mine')::text")).toBe('mine')
    expect(await ask(other, "SELECT to_regclass('mine')::text")).toBeNull()
  })

  it('gives a superuser, as migrations make roles', async () => {
    expect(await ask(await createDatabase('support'), "SELECT current_setting('is_superuser')")).toBe('on')
  })
})

describe('a server of its own', () => {
  it('keeps what was committed over a stop, a crash and a restart, on the same port', async () => {
    await using server = await startPostgres({ fsync: true })
    expect(await ask(server.url, 'SHOW fsync')).toBe('on')
    await ask(server.url, 'CREATE TABLE seen AS SELECT 1 AS times')

    const first = server.pid()
    await server.restart()
    expect(server.pid()).not.toBe(first)
    await ask(server.url, 'UPDATE seen SET times = times + 1')

    await server.stop('immediate')
    expect(server.pid()).toBeUndefined()
    await expect(ask(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
    await server.restart()
    await ask(server.url, 'UPDATE seen SET times = times + 1')

    await server.kill()
    await server.restart()
    expect(await ask(server.url, 'SELECT times FROM seen')).toBe(3)
  })

  it('says what the server said when it does not start', async () => {
    await expect(startPostgres({ settings: { no_such_setting: 1 } })).rejects.toThrow('no_such_setting')
  })

  it('does not outlive the process that started it, even one that is killed', async () => {
    const program = `
      const { startPostgres } = await import(${JSON.stringify(import.meta.resolve('../../support/postgres.ts'))})
      const server = await startPostgres()
      console.log(server.pid(), server.dataDir)
    `
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const [pid, dataDir] = String(line).trim().split(' ')
    expect(existsSync(dataDir ?? '')).toBe(true)
    parent.kill('SIGKILL')
    // The guard deletes the folder last, after the postmaster's end.
    await expect.poll(() => existsSync(dataDir ?? ''), { timeout: 20_000 }).toBe(false)
    await expect(promisify(execFile)('kill', ['-0', pid ?? ''])).rejects.toThrow()
  })
})
