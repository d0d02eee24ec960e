/** An audit of a part of the log: whole appends, after a state that is taken as true. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { auditLog, statementMarkdown } from '../../../src/tools/audit/index.ts'
import { archive } from '../../../src/tools/history/index.ts'

/** Ten jobs on two models, all of which have run: appends of one event and of several. */
async function worked() {
  const store = memoryStore()
  const coordinator = await createCoordinator({ store, logger: silentLogger })
  onTestFinished(() => coordinator.close())
  await coordinator.setPolicy({ maxActive: null, capacity: { m: 2 } })
  await coordinator.enqueue(
    Array.from({ length: 10 }, (_, n) => ({ jobId: `j${n}`, models: [n % 3 ? 'm' : 'n'] })),
  )
  for (;;) {
    const claimed = await coordinator.claim({ max: 3, kinds: null })
    if (claimed.length === 0) break
    for (const { lease } of claimed) await coordinator.complete(lease)
  }
  const { events } = await store.read('default', 0, 1_000)
  return { store, events }
}

/** The numbers of the first events of appends. */
const beginningsOf = (events: readonly RecordedEvent[]) =>
  events.filter(({ at }, nth) => at - 1 !== events[nth - 1]?.at).map(({ seq }) => seq)

describe('an audit of a part of the log (auditLog)', () => {
  it('begins with the first event of an append, ends with the last one, and finds nothing', async () => {
    const { store, events } = await worked()
    const beginnings = beginningsOf(events)
    expect(beginnings.length).toBeLessThan(events.length)
    for (const { seq } of events) {
      const since = await auditLog({ store }, { since: seq })
      const fromSeq = Math.max(...beginnings.filter((first) => first <= seq))
      expect(since).toMatchObject({ fromSeq, toSeq: events.length, violations: [], overlaps: [] })
      const until = await auditLog({ store }, { until: seq })
      const next = beginnings.find((first) => first > seq) ?? events.length + 1
      expect(until).toMatchObject({ fromSeq: 1, toSeq: next - 1, events: next - 1, violations: [] })
    }
  })

  it('is refused if it ends before it begins: it proves nothing', async () => {
    const { store } = await worked()
    const [before, after] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']
    const refused = { code: 'invalid_input', message: expect.stringContaining('is before since') }
    await expect(auditLog({ store }, { since: after, until: before })).rejects.toMatchObject(refused)
    await expect(auditLog({ store }, { since: 5, until: 4 })).rejects.toMatchObject(refused)
    expect(await auditLog({ store }, { since: before, until: after })).toMatchObject({ events: 0 })
    expect(await auditLog({ store }, { since: 5, until: 5 })).toMatchObject({ violations: [] })
  })

  it('knows who held which model as it begins', async () => {
    const { store, events } = await worked()
    const started = events.filter(({ type }) => type === 'started')
    const { seq } = started.at(-1) as RecordedEvent
    const { models, brought, jobs } = await auditLog({ store }, { since: seq + 1 })
    expect({ brought, jobs }).toEqual({ brought: expect.any(Number), jobs: 0 })
    expect(models.map(({ most }) => most)).not.toContain(0)
  })

  it('says what it covers, and how to make it again', async () => {
    const { store, events } = await worked()
    const said = await auditLog({ store }, { since: 5 })
    const page = statementMarkdown(said)
    expect(page).toContain(`**No promise was broken in events ${said.fromSeq} to ${events.length}.**`)
    expect(page).toContain(`**Events 1 to ${said.fromSeq - 1} were not read**`)
    expect(page).toContain(`npx interlock-queue audit --since ${said.fromSeq} --until ${said.toSeq}`)
    const again = await auditLog({ store }, { since: said.fromSeq, until: said.toSeq })
    expect(again.digest).toBe(said.digest)
  })

  it('begins at the cut, if what was asked for is archived', async () => {
    const { store } = await worked()
    await archive({ store }, { before: 20, keep: false })
    const { fromSeq, violations } = await auditLog({ store }, { since: 3 })
    expect(fromSeq).toBe(21)
    expect(violations).toEqual([])
  })

  it('refuses a number that the log has not reached', async () => {
    const { store } = await worked()
    await expect(auditLog({ store }, { since: 1_000_000 })).rejects.toMatchObject({ code: 'invalid_input' })
  })
})
