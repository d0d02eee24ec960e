/** `--metrics` and `--metrics-token-file`: what they take, and what they refuse before anything is opened. */
import { expect, it } from 'vitest'
import type { Frame } from '../../../src/apps/cli/frame.ts'
import { metricsOf, withMetrics } from '../../../src/apps/cli/metrics-flags.ts'
import { runCli } from '../../../src/apps/cli/program.ts'
import { join } from '../coordinator/support.ts'
import { embeddedQueue, fileWith, interlock } from './support.ts'

const TOKEN = 'a-token-of-thirty-characters..'

it.each([
  ['9464', { host: '127.0.0.1', port: 9464 }],
  ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['localhost:80', { host: 'localhost', port: 80 }],
])('--metrics %s', (metrics, wanted) => {
  expect(metricsOf({ metrics })).toMatchObject(wanted)
})

it('refuse what is no port, no address, and no token', async () => {
  const short = await fileWith('token', 'short')
  const long = await fileWith('token', TOKEN)
  for (const [words, said] of [
    [['--metrics', 'x'], /--metrics x: must be a port/],
    [['--metrics', '65536'], /must be a port/],
    [['--metrics', 'example.com:1'], /must be a port, or an IP address/],
    [['--metrics', '0', '--metrics-token-file', 'nowhere'], /nowhere: cannot be read \(ENOENT\)/],
    [['--metrics', '0', '--metrics-token-file', short], /16 characters or more/],
    [['--metrics-token-file', short], /16 characters or more/],
    [['--metrics-token-file', long], /--metrics-token-file: needs --metrics <port>/],
  ] as const) {
    const { code, stderr } = await interlock(['work', '--handler', './nothing.js', ...words])
    expect([code, stderr]).toEqual([2, expect.stringMatching(said)])
  }
})

it('serves them while the work goes on, and no longer, for who shows the token', async () => {
  const coordinator = await join()
  const notes: string[] = []
  const frame = { note: (line: string) => notes.push(line) } as unknown as Frame
  const options = { host: '127.0.0.1', port: 0, token: TOKEN }
  let url = ''
  const codes = await withMetrics(frame, coordinator, options, async () => {
    ;[url = ''] = /http:\S+/.exec(notes.join()) ?? []
    const headers = [
      {},
      { authorization: 'Bearer another-token-of-that-kind' },
      { authorization: `Bearer ${TOKEN}` },
    ]
    const answers = await Promise.all(headers.map((given) => fetch(url, { headers: given })))
    return answers.map(({ status }) => status)
  })
  expect(codes).toEqual([401, 401, 200])
  expect(notes).toEqual([`metrics: ${url} (for anyone who sends the token)`])
  await expect(fetch(url)).rejects.toThrow()
})

it('interlock dashboard --metrics-token-file: /metrics for who shows the token, and nothing else', async () => {
  const url = await embeddedQueue()
  const file = await fileWith('jobs.csv', 'job_id,models,seconds\na,m,0\n')
  expect((await interlock(['run', file, '--url', url, '--metrics', '0'])).stderr).toMatch(
    /metrics: http:\/\/127\.0\.0\.1:\d+\/metrics \(for anyone who reaches it\)/,
  )
  const end = new AbortController()
  let out = ''
  const done = runCli(
    ['dashboard', '--url', url, '--json', '--metrics-token-file', await fileWith('token', `${TOKEN}\n`)],
    { stdout: { write: (text) => (out += text) }, stderr: { write: () => {} }, env: {}, signal: end.signal },
  )
  await expect.poll(() => out).toContain('#')
  const { origin } = new URL(JSON.parse(out).url)
  const ask = (way: string, authorization: string) =>
    fetch(`${origin}/${way}`, { headers: { authorization } })
  const answer = await ask('metrics', `Bearer ${TOKEN}`)
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain('interlock_queue_running_jobs{queue="default"} 0')
  expect((await ask('metrics', 'Bearer another-token-of-that-kind')).status).toBe(401)
  expect((await ask('api/me', `Bearer ${TOKEN}`)).status).toBe(401)
  end.abort()
  expect(await done).toBe(0)
})
