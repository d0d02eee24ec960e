import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/engine/core/state/job.ts'
import { jobKeyOf } from '../../../src/engine/core/state/ledger.ts'
import { LiveJobs } from '../../../src/engine/core/state/live-jobs.ts'
import { freshJob } from '../../../src/engine/core/state/own-job.ts'
import { type JobSpec, specDefaults } from '../../../src/engine/core/values/job.ts'

const QUEUED = 1_700_000_000_000_000

function waiting(jobId: string, spec: Partial<JobSpec> = {}, order = QUEUED): Job {
  const whole = { jobId, jobType: 'normal', kind: 'normal', models: ['m'], ...specDefaults, ...spec } as const
  const position = { ...jobKeyOf(jobId), level: 0, order, tie: 3 }
  return { ...freshJob(whole, position, QUEUED, 0), blockedBy: 'other', blockedOn: 'm' }
}

/** Another value than a job has that waits as any other. */
const others: { readonly [Field in keyof Omit<Job, 'hash' | 'jobId' | 'spec' | 'position'>]: Job[Field] } = {
  priority: 4,
  queuedAt: QUEUED + 1,
  places: { m: 'm@1' },
  wholes: { m: [] },
  needs: ['m@1'],
  active: true,
  dueAt: QUEUED + 2,
  held: { as: 'model_paused', on: 'm' },
  waitingSince: QUEUED + 3,
  attempt: 1,
  free: 1,
  token: 9,
  workerId: 'w',
  startedAt: QUEUED + 4,
  expects: 5,
  batch: 6,
  gaveBack: [{ model: 'm', at: QUEUED + 5 }],
  detachedUntil: QUEUED + 6,
  cancelRequested: true,
  asker: 'w',
  offeredAt: QUEUED + 7,
  overtaken: 1,
  passes: [],
  fairRank: 7,
  exclusive: true,
  ready: true,
  blockedBy: null,
  blockedOn: null,
}

const owner = {}

/** As the table gives it back once nobody writes to it. */
function rested(...jobs: readonly Job[]): readonly (Job | undefined)[] {
  let table = LiveJobs.empty()
  for (const job of jobs) table = table.insert(job, owner)
  table = table.rest(jobs, owner)
  return jobs.map((job) => table.get(job))
}

describe('a job that waits as any other', () => {
  it('is what it was, whatever it has in common with others', () => {
    const jobs = [
      waiting('a'),
      waiting('b', { payloadHash: 2 ** 51 + 1, hasData: true }),
      waiting('c', { payloadHash: 7, hasData: true }),
      waiting('d', { tag: 'night' }),
      waiting('e', { models: ['m', 'n'] }, QUEUED - 0.25),
      waiting('f', { models: ['m', 'n'], expireMs: 5 }, -QUEUED / 3),
    ]
    expect(rested(...jobs)).toEqual(jobs)
  })

  it('is kept in another form, and has its spec in common with those that are alike', () => {
    const [one, other] = [waiting('a', { payloadHash: 1 }), waiting('b', { payloadHash: 2 })]
    const [a, b] = rested(one, other)
    expect(a).not.toBe(one)
    expect(b?.spec.models).toBe(one.spec.models)
  })

  it.each(Object.keys(others) as (keyof typeof others)[])(
    'keeps what else is to be said of it: %s',
    (field) => {
      const job = { ...waiting('a'), [field]: others[field] }
      expect(rested(job)).toEqual([job])
    },
  )
})
