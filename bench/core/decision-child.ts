/** Answers what enqueue, end and start of one job cost in a line of some length, in µs of this thread. */
import { answer, asked } from '../frame/child.ts'
import { stopwatch } from '../frame/stopwatch.ts'
import { CrowdedLine } from './crowded-line.ts'
import type { DecisionInput } from './decision.ts'
import { WorkedLine } from './line.ts'

const { shape, steps } = asked<DecisionInput>()
const line = shape.crowded === true ? new CrowdedLine(shape.waiting) : new WorkedLine(shape)
for (let i = 0; i < steps; i++) line.step()
const taken = stopwatch()
for (let i = 0; i < steps; i++) line.step()
answer((taken().cpuMs * 1_000) / steps)
