/** `interlock dashboard` and `run --dashboard`: an address that is good once, read-only unless said. */
import { chmod, stat } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { runCli } from '../../../src/apps/cli/program.ts'
import { embeddedQueue, fileWith, interlock, temporaryFolder } from './support.ts'

/** A command that goes on until it is told to end, and what it has said so far. */
function running(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const end = new AbortController()
  const said = { out: '', err: '' }
  const done = runCli(words, {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env,
    signal: end.signal,
  })
  return {
    said,
    end: () => {
      end.abort()
      return done
    },
  }
}

/** What a browser does with the address. */
async function signIn(address: string) {
  const { origin, hash } = new URL(address)
  const headers = { origin, 'content-type': 'application/json' }
  const body = JSON.stringify({ token: hash.slice(1) })
  const answer = await fetch(`${origin}/session`, { method: 'POST', headers, body })
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const send = (way: string, init: RequestInit = {}) =>
    fetch(`${origin}/${way}`, { ...init, headers: { ...headers, cookie } })
  return { status: answer.status, origin, cookie, send }
}

const drain = { method: 'POST', body: '{}' }

it('interlock dashboard: is read-only unless --write is given, and takes an address once', async () => {
  const url = await embeddedQueue()
  const file = await fileWith('jobs.csv', 'job_id,models,seconds\na,m,0\n')
  expect((await interlock(['run', file, '--url', url])).code).toBe(0)
  for (const [flags, role, status] of [
    [[], 'viewer', 403],
    [['--write'], 'operator', 200],
  ] as const) {
    const dashboard = running(['dashboard', '--url', url, '--json', '--as', 'oncall', ...flags])
    await expect.poll(() => dashboard.said.out + dashboard.said.err).toContain('#')
    const { url: address } = JSON.parse(dashboard.said.out) as { readonly url: string }
    const { send, origin } = await signIn(address)
    expect(await (await send('api/me')).json()).toMatchObject({ actor: 'oncall', role, queues: ['default'] })
    expect((await send('api/queues/default/levers/drain', drain)).status).toBe(status)
    expect((await signIn(address)).status).toBe(401)
    // The next one is printed.
    const next = /for another browser: (\S+)/.exec(dashboard.said.err)?.[1] ?? ''
    expect((await signIn(next)).status).toBe(200)
    expect(await dashboard.end()).toBe(0)
    await expect(fetch(origin)).rejects.toThrow()
  }
})

it('writes down who pulls its levers: --by, else the user of this machine', async () => {
  const url = await embeddedQueue()
  const file = await fileWith('jobs.csv', 'job_id,models,seconds\na,m,0\n')
  expect((await interlock(['run', file, '--url', url])).code).toBe(0)
  const dashboard = running(['dashboard', '--url', url, '--json', '--write', '--by', 'bob'])
  await expect.poll(() => dashboard.said.out).toContain('#')
  const { url: address } = JSON.parse(dashboard.said.out) as { readonly url: string }
  const { send } = await signIn(address)
  const body = JSON.stringify({ model: 'm', reason: 'broken' })
  expect((await send('api/queues/default/levers/pause-model', { method: 'POST', body })).status).toBe(200)
  expect(await dashboard.end()).toBe(0)
  const { stdout } = await interlock(['status', '--json', '--url', url])
  expect(JSON.parse(stdout)).toMatchObject({ paused: [{ model: 'm', who: { operator: 'bob' } }] })
})

it('signs nobody out when it is started again, unless it gives more or less than before', async () => {
  const url = await embeddedQueue()
  const file = await fileWith('jobs.csv', 'job_id,models,seconds\na,m,0\n')
  expect((await interlock(['run', file, '--url', url])).code).toBe(0)
  const state = await temporaryFolder()
  let cookie = ''
  const statusWith = async (words: readonly string[]) => {
    const dashboard = running(['dashboard', '--url', url, ...words], { XDG_STATE_HOME: state })
    await expect.poll(() => dashboard.said.out).toContain('#')
    const address = /http:\S+/.exec(dashboard.said.out)?.[0] ?? ''
    const { status } = await fetch(`${new URL(address).origin}/api/me`, { headers: { cookie } })
    if (cookie === '') cookie = (await signIn(address)).cookie
    await dashboard.end()
    return status
  }
  expect(await statusWith([])).toBe(401)
  expect(await statusWith([])).toBe(200)
  expect(await statusWith(['--write'])).toBe(401)
  const secret = path.join(state, 'interlock', 'dashboard-secret')
  expect((await stat(secret)).mode & 0o777).toBe(0o600)
  // One that others could read is no secret.
  await chmod(secret, 0o644)
  expect(await statusWith([])).toBe(401)
})

it('makes nothing where there is nothing', async () => {
  const url = `pglite:${path.join(await temporaryFolder(), 'db')}`
  const { code, stderr } = await interlock(['dashboard', '--url', url])
  expect([code, stderr]).toEqual([1, expect.stringContaining('there is no queue here yet')])
})

it('stands beside a run, as long as that takes', async () => {
  const url = await embeddedQueue()
  const jobs = Array.from({ length: 40 }, (_, i) => `j${i},m,1`).join('\n')
  const file = await fileWith('jobs.csv', `job_id,models,seconds\n${jobs}\n`)
  const run = running(['run', file, '--url', url, '--time-scale', '0.1', '--dashboard'])
  await expect.poll(() => run.said.err).toContain('watch it: ')
  const { send } = await signIn(/watch it: (\S+)/.exec(run.said.err)?.[1] ?? '')
  expect(await (await send('api/me')).json()).toMatchObject({ role: 'viewer', data: false })
  await run.end()
})
