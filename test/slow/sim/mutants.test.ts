// Slow, 10 s: plays a simulation over changed sources, each in a process of its own.
/** Negative controls: the simulation of crowds has to go red over a coordinator that is wrong about what it decided ahead. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../..')
const commit = 'src/engine/coordinator/commit'

/** What is changed, in which file, and into what. */
const mutants: Readonly<Record<string, readonly [file: string, find: string, put: string]>> = {
  'does not decide again when the append before it came to something else': [
    `${commit}/appender.ts`,
    'if (made.on !== log.ledger || ',
    'if (',
  ],
  'forgets the commands that it decided ahead and did not send': [
    `${commit}/append-queue.ts`,
    '.finally(() => this.#next.giveBack())',
    '',
  ],
}

let copy: string

beforeAll(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'interlock-mutants-'))
  for (const part of ['src', 'machines', 'migrations', 'test/fast/sim', 'test/support', 'package.json'])
    cpSync(path.join(root, part), path.join(copy, part), { recursive: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'), 'dir')
})

afterAll(() => rmSync(copy, { recursive: true, force: true }))

/** The exit code of the simulation over the copy, and what it prints. */
async function crowds(): Promise<readonly [code: number, printed: string]> {
  const run = ['test/fast/sim/main.ts', '--crowds', '--seed', '77001', '--runs', '40']
  try {
    const { stdout } = await promisify(execFile)(process.execPath, run, { cwd: copy })
    return [0, stdout]
  } catch (error) {
    const { code, stdout } = error as { readonly code: number; readonly stdout: string }
    return [code, stdout]
  }
}

it('finds nothing in the sources as they are', async () => {
  const [code, printed] = await crowds()
  expect(printed).toContain('40 runs')
  expect(code).toBe(0)
})

it.each(Object.entries(mutants))('finds one that %s', async (_, [file, find, put]) => {
  const name = path.join(copy, file)
  const text = readFileSync(name, 'utf8')
  expect(text.split(find)).toHaveLength(2)
  writeFileSync(name, text.replace(find, put))
  try {
    const [code, printed] = await crowds()
    expect(printed).toMatch(/ [1-9]\d* failed/)
    expect(code).toBe(1)
  } finally {
    writeFileSync(name, text)
  }
})
