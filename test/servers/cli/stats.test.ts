import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { documentOf, emptyQueue, worked } from './history.ts'
import { interlock, temporaryFolder } from './support.ts'

describe('interlock stats', () => {
  it('tells of a run: as text, as JSON, and drawn', async () => {
    const url = await emptyQueue()
    await worked(url, ['a,m,0.1', 'b,m;n,0.1', 'c,<o>&,0'])
    const stats = await documentOf(url, ['stats', '--slices', '10'])
    expect(stats.counts).toMatchObject({ queued: 3, started: 3, completed: 3 })
    expect(stats.perSlice.waiting).toHaveLength(10)
    expect(stats.waiting.max).toBeGreaterThanOrEqual(100)
    expect(stats.blocked.byModel[0].name).toBe('m')
    const file = path.join(await temporaryFolder(), 'stats.svg')
    const { code, stdout } = await interlock(['stats', '--svg', file, '--url', url])
    expect(code).toBe(0)
    expect(stdout).toMatch(/rate .* completed per minute/)
    expect(stdout).toMatch(/waiting +[▁▂▃▄▅▆▇█]{48} {2}at most \d/)
    const drawn = await readFile(file, 'utf8')
    expect(drawn).toMatch(/^<svg /)
    expect(drawn).toContain('&lt;o&gt;&amp;')
    expect(drawn).not.toContain('<o>')
    // What is there stays: it may be anything.
    const again = await interlock(['stats', '--svg', file, '--url', url])
    expect(again).toMatchObject({ code: 2, stdout: '' })
    expect(again.stderr).toContain(`--svg ${file}: is there already`)
    expect(await readFile(file, 'utf8')).toBe(drawn)
    // The path is tried before the work, which fails here, and a drawing that does not come about leaves nothing.
    const nowhere = ['what-if', '--url', 'postgres://127.0.0.1:1/x', '--svg']
    expect((await interlock([...nowhere, '/nowhere/at/all.svg'])).stderr).toContain(
      '--svg /nowhere/at/all.svg',
    )
    const other = path.join(path.dirname(file), 'other.svg')
    expect(await interlock([...nowhere, other])).toMatchObject({ code: 1 })
    expect(await readdir(path.dirname(file))).toEqual(['stats.svg'])
    const elsewhere = await interlock(['stats', '--svg', '/nowhere/at/all.svg', '--url', url])
    expect(elsewhere).toMatchObject({ code: 2, stdout: '' })
  })

  it('says what each fair key and each tier used, and how long its jobs waited', async () => {
    const url = await emptyQueue()
    const coordinator = await createCoordinator({ store: postgresStore(url), logger: silentLogger })
    await coordinator.setPolicy('by-model')
    const keys = ['paid/x', 'paid/y', null]
    await coordinator.enqueue(keys.map((fairKey, n) => ({ jobId: `job-${n}`, models: [`m${n}`], fairKey })))
    // The job without a key ends first: what `paid` has used is more, however long each call takes.
    const started = await coordinator.claim({ max: 3 })
    for (const { lease } of started.toReversed()) await coordinator.complete(lease)
    await coordinator.close()
    const stats = await documentOf(url, ['stats'])
    const named = stats.keys.top.map(({ name }: { name: string | null }) => name)
    expect(new Set(named)).toEqual(new Set(keys))
    expect(stats.tiers).toMatchObject({ top: [{ name: 'paid', queued: 2 }, { name: null }], others: null })
    const { stdout } = await interlock(['stats', '--url', url])
    expect(stdout).toMatch(/fair key +queued +models used +half waited +95 % waited\n(.*\n)*paid\/[xy] +1 /)
    expect(stdout).toMatch(/tier +queued .*\npaid +2 .*\nno tier +1 /)
  })

  it('has nothing to tell of a time without events', async () => {
    const url = await emptyQueue()
    for (const words of [['stats'], ['what-if']]) {
      const { code, stderr } = await interlock([...words, '--url', url])
      expect({ code, says: stderr.includes('has no event in that time') }).toEqual({ code: 2, says: true })
    }
  })
})
