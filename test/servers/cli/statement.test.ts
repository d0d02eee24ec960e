import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { auditRules } from '../../../src/tools/audit/index.ts'
import { documentOf, emptyQueue, tamper, worked } from './history.ts'
import { interlock } from './support.ts'

describe('the statement of the audit (statementMarkdown)', () => {
  let url = ''
  beforeAll(async () => {
    url = await emptyQueue()
    await worked(url, ['a,m,0.1', 'b,m;n,0.1', 'c,o,0'])
  })

  it('says how every model was used, and that nobody shared one', async () => {
    const said = await documentOf(url, ['audit'])
    expect(said).toMatchObject({ violations: [], overlaps: [], queue: 'default', attempts: 3, completed: 3 })
    const models: readonly { model: string; busyMs: number }[] = said.models
    expect(models.map(({ model }) => model).toSorted()).toEqual(['m', 'n', 'o'])
    expect(models).toEqual(models.toSorted((a, b) => b.busyMs - a.busyMs))
    expect(said.models[0]).toMatchObject({ attempts: 2, most: 1, places: 1, overlaps: [] })
    expect(said.models[0].busyMs).toBeGreaterThanOrEqual(199)
    expect(said.promises).toHaveLength(auditRules.length)
  })

  it('is a page to file, the same each time but for its date', async () => {
    const page = async () => (await interlock(['audit', '--markdown', '--url', url])).stdout
    const undated = (text: string) => text.replace(/^\| audited .*$/m, '')
    const first = await page()
    expect(first).toContain('**No promise was broken.**')
    expect(first).toContain((await documentOf(url, ['audit'])).digest)
    expect(undated(await page())).toBe(undated(first))
  })

  it('is the report of the command too, in lines of the terminal', async () => {
    const spoken = await interlock(['audit', '--url', url], { columns: 80 })
    const stdout = stripVTControlCharacters(spoken.stdout)
    const { digest } = await documentOf(url, ['audit'])
    expect(spoken.code).toBe(0)
    for (const part of ['0 violations in', 'No promise was broken.', 'Promises', 'How this was made', digest])
      expect(stdout).toContain(part)
    expect(stdout).toMatch(/^ *model +attempts +in use for +at most +overlaps$/m)
    expect(stdout).not.toMatch(/\*\*|^\||^#/m)
    expect(stdout.split('\n').filter(({ length }) => length > 80)).toEqual([])
  })

  it('has another digest when one value of one event differs', async () => {
    const before = (await documentOf(url, ['audit'])).digest
    await tamper(url, `update job_queue_log set command_hash = command_hash + 1 where seq = 4`)
    expect((await documentOf(url, ['audit'])).digest).not.toBe(before)
    await tamper(url, `update job_queue_log set command_hash = command_hash - 1 where seq = 4`)
    expect((await documentOf(url, ['audit'])).digest).toBe(before)
  })

  it('names the jobs that overlapped, for how long, and exits with 3', async () => {
    // As if b had not named m when it was queued and started, so that a and b ran side by side on it.
    const started = `update job_queue_log set models = models || '{m}'::text[] where job_id = 'c' and event_type in ('queued', 'started')`
    await tamper(url, started)
    const said = await documentOf(url, ['audit'], 3)
    expect(said.overlaps).toMatchObject([
      { model: 'm', places: 1, holders: [{ jobId: 'a' }, { jobId: 'c' }] },
    ])
    expect(said.overlaps[0].ms).toBeGreaterThan(0)
    const text = (await interlock(['audit', '--url', url])).stdout
    expect(text).toMatch(/Overlaps\n\n[\s\S]*m +1 .* a \(\d+\), c \(\d+\)/)
    const { stdout } = await interlock(['audit', '--markdown', '--url', url])
    expect(stdout).toMatch(/## Overlaps\n[\s\S]*\| `m` \| 1 \| .* \| `a` \(\d+\), `c` \(\d+\) \|/)
  })
})
