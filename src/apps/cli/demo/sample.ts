import type { Workload, WorkloadJob } from '../workload/line.ts'

const JOBS = 200
const CHECKPOINTS = [
  'sdxl-base',
  'flux-dev',
  'sd-turbo',
  'kolors',
  'pixart',
  'playground',
  'auraflow',
  'lumina',
]
const ADAPTERS = 60

/** Real seconds per second of the sample: 5,494 s one after the other take 13.7 s. */
export const SAMPLE_TIME_SCALE = 0.0025

/**
 * An hour of a small image service, the same on every machine. A few checkpoints get most of the work, most adapters are used
 * once or twice, some jobs are workflows of two checkpoints, and a few take ten times the usual time. With this seed, strict
 * order costs much (simulated: 1.45 × the bound, 1.01 with 16 overtakes); 1.1 is more usual.
 */
export function sampleWorkload(): Workload {
  const random = randomFrom(35)
  const jobs = Array.from({ length: JOBS }, (_, index) => sampleJob(random, index + 1))
  return { file: 'the sample workload', jobs, skipped: [] }
}

function sampleJob(random: () => number, number: number): WorkloadJob {
  const isWorkflow = random() < 1 / 8
  const models = new Set([checkpoint(random)])
  if (isWorkflow) models.add(checkpoint(random))
  const adapters = random() < 0.45 ? 0 : random() < 0.75 ? 1 : 2
  for (let i = 0; i < adapters; i++)
    models.add(`lora-${String(skewed(random, ADAPTERS, 1.6) + 1).padStart(2, '0')}`)
  const seconds = Math.round(
    8 + 14 * random() + (random() < 0.12 ? 120 * random() : 0) + (isWorkflow ? 15 : 0),
  )
  const prefix = isWorkflow ? 'wf' : 'job'
  const jobId = `${prefix}-${String(number).padStart(3, '0')}`
  return {
    input: { jobId, jobType: isWorkflow ? 'workflow' : 'normal', models: [...models] },
    seconds,
    line: number,
  }
}

const checkpoint = (random: () => number): string =>
  CHECKPOINTS[skewed(random, CHECKPOINTS.length, 1.5)] ?? 'sdxl-base'

/** An index below `size`, mostly a small one. */
const skewed = (random: () => number, size: number, skew: number): number =>
  Math.floor(size * random() ** skew)

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
