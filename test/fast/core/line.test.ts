import { describe, expect, it } from 'vitest'
import { codeOf, given, type Scenario } from '../../support/scenario.ts'

/** One runs, so that all others stand in line. */
function busy(policy: Parameters<typeof given>[0] = {}): Scenario {
  const queue = given(policy)
  queue.ask('first', ['x'])
  return queue
}

function move(queue: Scenario, jobId: string, before: string) {
  return queue.send({ type: 'reprioritize', jobId, before })
}

describe('the line', () => {
  it('is first come, first served', () => {
    const queue = busy()
    for (const id of ['C', 'A', 'B']) queue.enqueue(id, ['m'])
    expect(queue.line()).toEqual(['C', 'A', 'B'])
  })

  it('lets a level of priority jump over ageSeconds of waiting, and no more', () => {
    const queue = busy({ ageSeconds: 60 })
    queue.enqueue('early', ['m'])
    queue.later(61_000).enqueue('late', ['m'])
    queue.enqueue('urgent', ['m'], { priority: 1 })
    expect(queue.line()).toEqual(['early', 'urgent', 'late'])
    queue.enqueue('more urgent', ['m'], { priority: 2 })
    expect(queue.line()[0]).toBe('more urgent')
  })

  it('is by priority alone when ageSeconds is null', () => {
    const queue = busy({ ageSeconds: null })
    queue.enqueue('early', ['m'])
    queue.later(3_600_000).enqueue('urgent', ['m'], { priority: 1 })
    queue.enqueue('later', ['m'], { priority: -1 })
    expect(queue.line()).toEqual(['urgent', 'early', 'later'])
  })

  it('keeps the place of a job that is tried again', () => {
    const queue = busy()
    queue.enqueue('A', ['m'])
    queue.enqueue('B', ['m'])
    queue.complete('first', { claim: { max: 1, kinds: null } })
    queue.fail('A', 1_000)
    expect(queue.line()).toEqual(['B'])
    queue.later(1_000).send({ type: 'tick' })
    expect(queue.line()).toEqual(['A', 'B'])
  })
})

describe('reprioritize', () => {
  it('gives another priority to a waiting job', () => {
    const queue = busy()
    queue.enqueue('A', ['m'])
    queue.enqueue('B', ['m'])
    expect(queue.send({ type: 'reprioritize', jobId: 'B', priority: 1 }).said).toEqual(['reprioritized B'])
    expect(queue.line()).toEqual(['B', 'A'])
    expect(queue.blockedBy('A')).toBe('B')
  })

  it('puts a job just before another', () => {
    const queue = busy()
    for (const id of ['A', 'B', 'C', 'D']) queue.enqueue(id, ['m'])
    move(queue, 'D', 'B')
    move(queue, 'C', 'B')
    expect(queue.line()).toEqual(['A', 'D', 'C', 'B'])
  })

  it('has nothing to do for a job that stands there already', () => {
    const queue = busy()
    queue.enqueue('A', ['m'])
    queue.enqueue('B', ['m'])
    expect(move(queue, 'A', 'B').said).toEqual([])
  })

  it('loses nobody when two jobs come to one spot', () => {
    const queue = given()
    queue.ask('X', ['m'])
    queue.enqueue('Y', ['m'])
    queue.enqueue('T', ['m'])
    queue.fail('X', 0)
    move(queue, 'X', 'T')
    queue.ask('Y', ['m'])
    queue.complete('Y')
    queue.ask('X', ['m'])
    queue.enqueue('Z', ['m'])
    move(queue, 'Z', 'T')
    queue.fail('X', 0)
    expect([...queue.line()].sort()).toEqual(['T', 'X', 'Z'])
  })

  it('says so when there is no room left', () => {
    const queue = busy()
    for (const id of ['T', 'A', 'B']) queue.enqueue(id, ['m'])
    const codes = Array.from({ length: 80 }, (_, i) => codeOf(move(queue, i % 2 === 0 ? 'A' : 'B', 'T')))
    expect(codes[20]).toBeUndefined()
    expect(codes).toContain('invalid_input')
    expect([...queue.line()].sort()).toEqual(['A', 'B', 'T'])
  })

  it('moves waiting jobs only, and only before waiting jobs', () => {
    const queue = busy()
    queue.enqueue('A', ['m'])
    expect(codeOf(move(queue, 'first', 'A'))).toBe('job_not_live')
    expect(codeOf(move(queue, 'A', 'first'))).toBe('invalid_input')
    expect(codeOf(move(queue, 'A', 'nobody'))).toBe('job_not_live')
    expect(codeOf(move(queue, 'nobody', 'A'))).toBe('job_not_live')
  })

  it.each([
    [
      'first',
      'it runs already',
      /^job first runs already.*; name a job that stands in line: `npx interlock-queue queue`$/,
    ],
    ['A', 'it is the job itself', /^job A cannot stand before itself; /],
    [
      'held',
      'its model is paused',
      /^job held stands in no line while model p is paused; resume it first: `npx interlock-queue resume p`, or /,
    ],
    ['later', 'it is not due', /^job later is not due before \d{4}-.*Z, and stands in no line until then; /],
  ])('says of %s why nothing can be moved before it: %s', (before, _, says) => {
    const queue = busy()
    queue.enqueue('A', ['m'])
    queue.send({ type: 'pause_model', model: 'p', reason: 'by_hand', until: null })
    queue.enqueue('held', ['p'])
    queue.enqueue('later', ['m'], { runAt: queue.now + 60_000_000 })
    // They are live, and listed: only of who is not it may be said that it is neither waiting nor active.
    const { result } = move(queue, 'A', before)
    expect(result).toMatchObject({ ok: false, code: 'invalid_input', message: expect.stringMatching(says) })
  })
})
