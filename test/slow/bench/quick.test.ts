// Slow, 90 s: runs every bench once.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { quickWasm } from '../../support/flags.ts'
import { madeOnce } from '../../support/once.ts'
import type {} from '../../support/postgres-global.ts'

const root = path.resolve(import.meta.dirname, '../../..')

/** Runs the benches as `npm run bench` does, but so small that the figures mean nothing: only that they come counts. */
async function bench(...args: readonly string[]) {
  return promisify(execFile)(process.execPath, [...quickWasm, 'bench/main.ts', ...args], { cwd: root })
}

interface Demanded {
  readonly table: string
  readonly results: Readonly<
    Record<'worker' | 'growth' | 'guard', readonly { readonly median: number; readonly unit: string }[]>
  >
}

/** Those that have to be named, in one run: it makes their processes' program and their database once. */
/** Each by itself: together they take longer than a test may on a busy machine. */
async function demanded(name: string): Promise<Demanded> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-bench-'))
  try {
    const file = path.join(folder, 'demanded.json')
    const { stdout } = await bench(name, '--quick', '--json', file, '--url', inject('postgresUrl'))
    return { table: stdout, results: JSON.parse(await readFile(file, 'utf8')).results }
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('the benches', () => {
  it('all run, and say where and what they measured', { timeout: 180_000 }, async () => {
    const { stdout } = await bench('--quick', '--json', '--url', inject('postgresUrl'))
    const { machine, server, results } = JSON.parse(stdout)
    expect(Object.keys(results)).toEqual(['core', 'replay', 'schedule', 'metrics'])
    expect(machine).toMatchObject({ cpu: expect.any(String), node: process.version })
    expect(server).toMatchObject({ fsync: expect.any(String), synchronousCommit: 'on' })
    const rows = Object.values(results).flat()
    expect(rows.length).toBeGreaterThan(30)
    for (const row of rows) {
      expect(row).toMatchObject({ what: expect.any(String), unit: expect.any(String) })
      expect(row, JSON.stringify(row)).toMatchObject({ median: expect.any(Number) })
    }
  })

  it('show a table, and make requests up where the real ones are not there', async () => {
    const { stdout, stderr } = await bench('schedule', '--quick', '--trace', 'nowhere.csv.gz')
    expect(stderr).toContain('there is no nowhere.csv.gz')
    expect(stdout).toMatch(/MADE UP: first 100, strict/)
  })

  it('are named when an unknown one is asked for', async () => {
    await expect(bench('speed')).rejects.toMatchObject({
      code: 2,
      stderr:
        'there is no bench speed; there are core, replay, schedule, metrics, peers, worker, growth, slow, storm, guard, million, overload\n',
    })
  })

  // The other queues are an install of their own: `npm test --prefix bench`.
  it('measure the packed package, and say how each peer is set up', { timeout: 180_000 }, async () => {
    const server = ['--url', inject('postgresUrl')]
    const packed = ['--package', await madeOnce('package')]
    const row = ['--only', 'enqueue/one-by-one']
    const ours = ['--peers', 'interlock']
    const { stdout } = await bench('peers', '--quick', '--json', ...row, ...ours, ...packed, ...server)
    const { results, subjects } = JSON.parse(stdout)
    expect(results.peers).toEqual([expect.objectContaining({ by: 'interlock', median: expect.any(Number) })])
    for (const how of Object.values(subjects)) expect(how).toMatch(/\d+\.\d+\.\d+: /)
  })

  it('hold the worker against the bare API', async () => {
    const { results } = await demanded('worker')
    expect(results.worker).toHaveLength(28)
    for (const row of results.worker) expect(row.median, JSON.stringify(row)).toBeGreaterThan(0)
  })

  it('hold the worker against a bare append, and write a document beside the table', async () => {
    const { table, results } = await demanded('guard')
    expect(table).toMatch(/a hand-off on one key, 10 slots, p50/)
    expect(results.guard.map(({ unit }) => unit)).toEqual(Array(3).fill('× a bare append'))
  })

  it.each([
    ['growth', /models in all: exponent/],
    ['million', /1,000,000 waiting on 50 models: joins in/],
  ])('say what a job costs: %s', async (name, row) => {
    const { table, results } = await demanded(name)
    expect(Object.keys(results)).toContain(name)
    expect(table).toMatch(row)
  })

  it('take no name of a bench for the file of --json', async () => {
    await expect(bench('--json', 'peers')).rejects.toMatchObject({
      stderr: expect.stringContaining('names of benches come before --json'),
    })
  })
})
