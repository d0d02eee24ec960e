import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Auditor } from '../../src/audit/index.ts'
import { replay } from '../../src/core/index.ts'
import { arbitraryRun } from '../support/commands.ts'
import { given } from '../support/scenario.ts'
import { World } from '../support/simulate.ts'

describe('the audit of whatever the core decides', () => {
  it('finds nothing', () => {
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 150 }), (steps) => {
        const world = new World()
        const auditor = new Auditor()
        for (const step of steps) {
          for (const event of world.play(step).decision.events) auditor.push(event)
        }
        expect(auditor.report().violations).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('finds nothing either when it begins in the middle, with what a snapshot says', () => {
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 150 }), fc.nat(), (steps, cut) => {
        const world = new World()
        const events = steps.flatMap((step) => world.play(step).decision.events)
        const at = cut % (events.length + 1)
        const auditor = new Auditor(replay(events.slice(0, at)))
        for (const event of events.slice(at)) auditor.push(event)
        expect(auditor.report().violations).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('lets a job that may be passed keep its model from those behind it all the same', () => {
    const queue = given({ maxActive: 3, maxOvertakes: 3 })
    queue.enqueue('J', ['d', 'f'])
    queue.claim()
    queue.enqueue('first', ['f'], { priority: 2 })
    queue.enqueue('asked', ['d'])
    queue.enqueue('second', ['f'], { priority: 1 })
    queue.ask('asked', ['d'], { wait: true })
    const { said } = queue.complete('J', { claim: { max: 1, kinds: null } })
    expect(said).toEqual(['completed J', 'started asked by w1', 'started first by w1'])
    for (const at of queue.log.keys()) {
      const auditor = new Auditor(replay(queue.log.slice(0, at)))
      for (const event of queue.log.slice(at)) auditor.push(event)
      expect(auditor.report().violations, `from event ${at}`).toEqual([])
    }
  })
})
