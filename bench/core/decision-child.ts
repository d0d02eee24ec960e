/** Answers what enqueue, end and start of one job cost in a line of some length, in µs of this thread. */
import { answer, asked } from '../frame/child.ts'
import { stopwatch } from '../frame/stopwatch.ts'
import { CrowdedLine } from './crowded-line.ts'
import type { DecisionInput } from './decision.ts'
import { type LineShape, WorkedLine } from './line.ts'
import { SharedLine } from './shared-line.ts'

const { shape, steps } = asked<DecisionInput>()
const line = lineOf(shape)
for (let i = 0; i < steps; i++) line.step()
const taken = stopwatch()
for (let i = 0; i < steps; i++) line.step()
answer((taken().cpuMs * 1_000) / steps)

function lineOf(of: LineShape): { step(): void } {
  if (of.shared !== undefined) return new SharedLine(of.waiting, of.shared)
  return of.crowded === true ? new CrowdedLine(of.waiting) : new WorkedLine(of)
}
