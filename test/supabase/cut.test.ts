/** Realtime is away for some seconds while workers work. */
import { expect, it, onTestFinished } from 'vitest'
import { audit } from '../../src/audit/index.ts'
import type { RecordedEvent } from '../../src/core/index.ts'
import { startCut } from './cut.ts'
import { cutUnderLoad } from './cut-load.ts'
import { startMigrated, storeOn } from './support.ts'

const medianOf = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

it('nothing is lost, starts wait for a poll at most, and are woken again afterwards', {
  timeout: 180_000,
}, async () => {
  const project = await startMigrated()
  onTestFinished(() => project.close())
  const cut = await startCut(project.url)
  const throughCut = () => storeOn({ url: cut.url, keys: project.keys })
  const { during, after } = await cutUnderLoad(cut, throughCut, 3_000, 6)
  // One poll is a second; the rest is for a busy machine. What it takes on a quiet one is in docs/supabase.md.
  expect(Math.max(...during)).toBeLessThan(30_000)
  expect(medianOf(after)).toBeLessThan(medianOf(during))
  const store = storeOn(project, { wake: 'poll' })
  onTestFinished(() => store.close())
  const { events, version } = await store.read('default', 0, 10_000)
  expect(events).toHaveLength(version)
  expect(audit(events).violations).toEqual([])
  const tokens = new Set(events.flatMap((event) => (event.type === 'started' ? event.seq : [])))
  // A start that was under way when its worker drained is given back.
  const isEnd = (event: RecordedEvent) =>
    event.type === 'completed' || (event.type === 'failed' && event.code === 'released')
  const ends = events.flatMap((event) => (isEnd(event) && 'token' in event ? event.token : []))
  expect(new Set(ends)).toEqual(tokens)
  expect(ends).toHaveLength(tokens.size)
})
