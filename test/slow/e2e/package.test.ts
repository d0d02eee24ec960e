// Slow, waits 25 s: runs commands of the packed package.
/** What somebody has who installs the package, and nothing else. */
import { execFile, spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { brief } from '../../support/flags.ts'
import { type InstalledPackage, installPackage } from '../../support/package.ts'

let installed: InstalledPackage
beforeAll(async () => {
  installed = await installPackage()
})
afterAll(() => installed.remove())

const command = () => path.join(installed.unpacked, manifest.bin.interlock)
const env = { PATH: process.env['PATH'] }

it('brings a manual page of all commands', () => {
  const page = readFileSync(path.join(installed.unpacked, manifest.man), 'utf8')
  expect(page).toMatch(/^\.TH INTERLOCK 1[\s\S]*\.SS interlock cancel\n[\s\S]*\.SS interlock policy set\n/)
})

it('serves the dashboard from an empty folder, with nothing to compile or to install besides', async () => {
  const cwd = await mkdtemp(path.join(installed.folder, 'empty-'))
  // No program can be found: no compiler, no npm.
  const options = { cwd, env: { PATH: cwd } }
  const work = [...brief, command(), 'enqueue', '--job', 'a', '--models', 'flux-dev']
  await promisify(execFile)(process.execPath, work, options)
  const child = spawn(process.execPath, [...brief, command(), 'dashboard', '--json'], options)
  onTestFinished(() => void child.kill('SIGKILL'))
  let spoken = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (spoken += String(data)))
  await expect.poll(() => spoken, { timeout: 60_000 }).toMatch(/"url":\s*"http/)
  const { origin, hash } = new URL(/"url":\s*"([^"]+)"/.exec(spoken)?.[1] ?? '')
  const headers = { origin, 'content-type': 'application/json' }
  const body = JSON.stringify({ token: hash.slice(1) })
  const { headers: said } = await fetch(`${origin}/session`, { method: 'POST', headers, body })
  const cookie = said.get('set-cookie')?.split(';')[0] ?? ''
  const get = (way: string) => fetch(`${origin}/${way}`, { headers: { cookie } })
  for (const [way, type, text] of [
    ['', 'text/html', 'src="page.js"'],
    ['page.js', 'text/javascript', ''],
    ['page.css', 'text/css', ''],
    ['api/me', 'application/json', '"role":"viewer"'],
    ['api/queues/default/log', 'application/json', '"jobId":"a"'],
  ] as const) {
    const answer = await get(way)
    expect([answer.status, answer.headers.get('content-type')], way).toEqual([
      200,
      expect.stringContaining(type),
    ])
    expect((await answer.text()).replace(/": "/g, '":"')).toContain(text)
  }
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  expect(await ended).toBe(0)
})

it.each(['migrate', 'status', 'doctor'])('%s over a server says which driver is missing', async (word) => {
  const words = [...brief, command(), word, '--url', 'postgres://127.0.0.1:1/none']
  const { stderr } = await new Promise<{ stderr: string }>((resolve) => {
    execFile(process.execPath, words, { cwd: installed.folder, env }, (_, stdout, stderr) =>
      resolve({ stderr: stdout + stderr }),
    )
  })
  expect(stderr).toMatch(/the driver pg is not installed[;\n\s]+(to do: )?run: npm install pg/)
})

it('has no source map but of the command, and of the declarations those that an import reaches', () => {
  const files = globSync('**', { cwd: installed.unpacked, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(installed.unpacked, path.join(entry.parentPath, entry.name)))
  const maps = files.filter((file) => file.endsWith('.map'))
  expect(maps.filter((file) => path.dirname(file) !== path.normalize('dist/cli'))).toEqual([])
  const declarations = files.filter((file) => /\.d\.c?ts$/.test(file))
  const entries = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.types, entry.require.types].map((file) => path.normalize(file)),
  )
  const imported = declarations.flatMap((file) => {
    const text = readFileSync(path.join(installed.unpacked, file), 'utf8')
    const names = [...text.matchAll(/(?:from |import\()["'](\.{1,2}\/[^"']+)["']/g)].map(
      ([, name = '']) => name,
    )
    return names.map((name) => path.join(path.dirname(file), name.replace(/\.[jt]s$/, '.d.ts')))
  })
  expect(new Set([...entries, ...imported])).toEqual(new Set(declarations))
})
