import fc from 'fast-check'
import { it } from 'vitest'
import { writeFileSync } from 'node:fs'
import { Auditor } from '../../src/audit/index.ts'
import { replay } from '../../src/core/index.ts'
import { arbitraryRun } from '../support/commands.ts'
import { World } from '../support/simulate.ts'

const seeds = (process.env['SEEDS'] ?? '577753601').split(',').map(Number)
const runs = Number(process.env['RUNS'] ?? 500)
it('whole', () => {
  for (const seed of seeds) {
  const out = fc.check(fc.property(arbitraryRun({ maxLength: 150 }), (steps) => {
    const world = new World(); const auditor = new Auditor(); const events = []
    for (const step of steps) for (const event of world.play(step).decision.events) { auditor.push(event); events.push(event) }
    const { violations } = auditor.report()
    if (violations.length > 0) { writeFileSync('/tmp/hh/case-whole.json', JSON.stringify({ violations, events })); return false }
    return true
  }), { numRuns: runs, seed })
  console.log('whole', seed, out.failed, out.counterexamplePath, out.numRuns)
  }
}, 600000)
it('middle', () => {
  for (const seed of seeds) {
  const out = fc.check(fc.property(arbitraryRun({ maxLength: 150 }), fc.nat(), (steps, cut) => {
    const world = new World()
    const events = steps.flatMap((step) => world.play(step).decision.events)
    const at = cut % (events.length + 1)
    const auditor = new Auditor(replay(events.slice(0, at)))
    for (const event of events.slice(at)) auditor.push(event)
    const { violations } = auditor.report()
    if (violations.length > 0) { writeFileSync('/tmp/hh/case-middle.json', JSON.stringify({ violations, events, at })); return false }
    return true
  }), { numRuns: runs, seed })
  console.log('middle', seed, out.failed, out.counterexamplePath, out.numRuns)
  }
}, 600000)
