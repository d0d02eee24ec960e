// Slow, waits 20 s: cuts a link for longer than a lease.
/** Realtime is away for some seconds while workers work. */
import { expect, it, onTestFinished } from 'vitest'
import type { RecordedEvent } from '../../../src/engine/core/index.ts'
import { audit } from '../../../src/tools/audit/index.ts'
import { startMigrated, storeOn } from '../../servers/supabase/support.ts'
import { startCut } from './cut.ts'
import { cutUnderLoad } from './cut-load.ts'

it('nothing is lost, starts are found by polls, and are woken again afterwards', {
  timeout: 180_000,
}, async () => {
  const project = await startMigrated()
  onTestFinished(() => project.close())
  const cut = await startCut(project.url)
  const throughCut = () => storeOn({ url: cut.url, keys: project.keys })
  const { during, after } = await cutUnderLoad(cut, throughCut, 3_000, 6)
  // Nothing can tell of them: each was found by a look at the log. How soon is in docs/inside/supabase.md.
  expect(during).toHaveLength(6)
  expect(during.filter(({ reads }) => reads === 0)).toEqual([])
  expect(after.filter(({ told }) => told > 0)).not.toEqual([])
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
