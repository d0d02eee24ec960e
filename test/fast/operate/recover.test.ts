import { describe, expect, it } from 'vitest'
import { tell } from '../../../src/apps/cli/command/recover.ts'
import type { Frame } from '../../../src/apps/cli/frame.ts'
import { createCoordinator, silentLogger } from '../../../src/engine/coordinator/index.ts'
import { memoryStore } from '../../../src/engine/store/memory/index.ts'
import { decide, endingsOf } from '../../../src/tools/operate/recover/decide.ts'

describe('a decision that fails half-way', () => {
  it('is told beside what was done', async () => {
    const coordinator = await createCoordinator({ store: memoryStore(), logger: silentLogger })
    await coordinator.setPolicy('by-model')
    await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: [jobId] })))
    await coordinator.claim({ max: 3, kinds: null })
    await coordinator.recover()
    const view = coordinator.state()
    const seen = { view, doubtful: view.active() }
    const wishes = endingsOf({ completed: ['a'], requeue: ['b'], fail: ['c'] })
    // Somebody else was faster with one of them.
    const [, b] = view.active()
    await coordinator.complete({ jobId: 'b', fencingToken: b?.fencingToken ?? 0, epoch: view.epoch })
    const report = await decide(coordinator, seen, wishes)
    expect(report).toMatchObject({
      decided: [
        { jobId: 'a', end: 'completed' },
        { jobId: 'c', end: 'failed' },
      ],
      undecided: [{ jobId: 'b', end: 'requeued', error: { code: 'job_not_active' } }],
      doubtful: [],
    })
    const printed: string[] = []
    tell(
      {
        json: false,
        emit: (_: unknown, lines: readonly string[]) => printed.push(...lines),
      } as unknown as Frame,
      report,
    )
    expect(printed.join('\n')).toMatch(
      /^a: completed\nc: failed for good\nb: nothing was decided: job b is not active/,
    )
    await coordinator.close()
  })
})
