// Slow: runs programs with the packed package.
/** The rooms as a library: a program that imports only published paths, in a folder where somebody installed the package. */
import { execFile } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyQueue } from '../../servers/cli/history.ts'
import { compile } from '../../support/compiler.ts'
import { embeddedIn } from '../../support/embedded.ts'
import { brief } from '../../support/flags.ts'
import { type InstalledPackage, installPackage } from '../../support/package.ts'

const run = promisify(execFile)

let installed: InstalledPackage
beforeAll(async () => {
  installed = await installPackage(['pg', '@types/pg', '@types/node'])
  await cp(path.join(import.meta.dirname, 'installed'), installed.folder, { recursive: true })
  await writeFile(path.join(installed.folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => installed.remove())

/** What it prints for a queue `images` with jobs a (done), b (active) and c (waiting). */
const said = {
  handed: true,
  verified: [true, true, true],
  audited: [[], [], [], true],
  page: '# Audit of queue `images`',
  tried: [
    ['happened', 1],
    ['simulated', 1],
    ['two', 1],
  ],
  why: ['c', 'waiting', expect.stringContaining('job b')],
  found: ['images', true],
  at: [3, 3, 'idle'],
  queued: 3,
  doubtful: [],
  followed: true,
  line: [
    ['b', 'active'],
    ['c', 'waiting'],
  ],
  kept: [2, 0, 0],
  cut: [4, false],
  all: [true, 1],
  refusals: [
    ['invalid_input', 'access.queue'],
    ['invalid_input', 'access.store'],
    ['invalid_input', 'limit'],
    ['invalid_input', 'at'],
    ['invalid_input', 'since'],
    ['invalid_input', 'tries[0].policy.maxActive'],
    ['invalid_input', 'tries[0].slots'],
    ['invalid_input', 'before'],
    ['invalid_input', 'anchor'],
    ['invalid_input', 'names'],
    ['invalid_input', 'waitingMs'],
    ['not_holder', null],
  ],
  errorNames: ['InterlockError'],
  noted: true,
  dashboard: [[200, 200, 200, 200, 200], true],
  figures: true,
}

async function embeddedQueue(): Promise<string> {
  const folder = path.join(installed.folder, 'data')
  await embeddedIn(folder)
  return folder
}

describe('a program that looks at a queue by what is published (auditLog, examine, followEvents, readEvents, whatIf)', () => {
  it('compiles without skipLibCheck', async () => {
    const compilerOptions = {
      ...{ target: 'es2022', module: 'nodenext', noEmit: true, strict: true, types: ['node'] },
      ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    }
    const config = path.join(installed.folder, 'tsconfig.library.json')
    await writeFile(config, JSON.stringify({ compilerOptions, files: ['library.mts'] }))
    expect(await compile(config, installed.folder)).toBe('')
  })

  it.each([
    ['embedded', embeddedQueue],
    ['postgres', emptyQueue],
  ])('verifies, audits, asks what-if, explains and examines it: %s', async (name, urlOf) => {
    const words = [...brief, path.join(installed.folder, 'library.mts'), await urlOf(), `${name}.jsonl.gz`]
    const { stdout } = await run(process.execPath, words, { cwd: installed.folder })
    const printed = JSON.parse(stdout)
    expect(printed).toMatchObject(said)
    expect(printed.status).toEqual([1, name === 'embedded' ? 'pglite' : 'postgres'])
    expect(printed.steps).toEqual(
      expect.arrayContaining(['audited', 'hashes checked', 'measured', 'replayed']),
    )
  })
})
