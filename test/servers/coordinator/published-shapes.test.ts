/** Commands that another process has published: of a shape that this release does not know, or that it cannot decide. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { undecidableIn } from '../../../src/engine/coordinator/commit/undecidable.ts'
import { type CommandBody, decide, emptyLedger } from '../../../src/engine/core/index.ts'
import { published } from '../../../src/engine/store/sql/combining.ts'
import { arbitraryRun } from '../../support/commands.ts'
import { World } from '../../support/simulate.ts'
import { account } from '../intake/support.ts'

const rowOf = (command: object) => ({ sender: 's', command: { command } })
const sent = { id: 'c', hash: 1, workerId: 'w' }

describe('a published command', () => {
  it('is read as it was sent, whatever a process sends', () => {
    const types = new Set<string>()
    fc.assert(
      fc.property(arbitraryRun({ maxLength: 60 }), (steps) => {
        const world = new World()
        for (const step of steps) {
          const { command } = world.play(step)
          types.add(command.body.type)
          const [read] = published.parse([JSON.parse(JSON.stringify(rowOf(command)))])
          expect(read?.command).toEqual(JSON.parse(JSON.stringify(command)))
        }
      }),
      { numRuns: 100 },
    )
    expect(types.size).toBeGreaterThan(20)
  })

  it.each([
    ['without its fields', { type: 'enqueue' }],
    ['with a field of a later release', { type: 'claim', colour: 'red' }],
    ['with a job that is none', { type: 'enqueue', specs: [{ jobId: 5 }] }],
    ['of a type of a later release', { type: 'paint' }],
    ['that is a list', []],
  ])('is left to its sender: %s', (_, body) => {
    expect(published.parse([rowOf({ ...sent, body })])).toEqual([])
  })

  it('holds up no other process', async () => {
    const db = await account()
    const processes = [await db.coordinator(), await db.coordinator()]
    const bodies = [
      { type: 'enqueue' },
      { type: 'complete', jobId: null },
      // Of a known shape, but no release could decide it.
      { type: 'reprioritize', jobId: 'a', priority: 1e300 },
      { type: 'detach', jobId: 'x', token: 9, until: -1 },
    ]
    for (const [n, body] of bodies.entries())
      await db.query(
        `insert into interlock.job_queue_published (queue, command_id, sender, command, waits_until)
         values ('default', $1, 'gone', $2, clock_timestamp() + interval '1 h')`,
        [`odd-${n}`, JSON.stringify({ command: { ...sent, id: `odd-${n}`, body } })],
      )
    const calls = processes.flatMap((process, p) =>
      [0, 1, 2].map(async (line) => {
        for (let n = 0; n < 15; n++)
          await process.enqueue([{ jobId: `${p}-${line}-${n}`, models: [`m${n}`] }])
      }),
    )
    const ended = await Promise.allSettled(calls)
    expect(ended.filter(({ status }) => status === 'rejected')).toEqual([])
  })

  it('of the first release is read, of each type', () => {
    const rows = readFileSync(new URL('../../fast/events/samples/published.jsonl', import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(published.parse(rows)).toEqual(rows.map(({ sender, command }) => ({ sender, ...command })))
  })

  it('that no release can decide is found among others, and gets an error of its own', () => {
    const odd = { type: 'enqueue' } as unknown as CommandBody
    const found = undecidableIn(
      [1, 2, 3, 4, 5].map((n) => ({ ...sent, id: `c${n}`, body: n === 4 ? odd : { type: 'tick' } })),
      (some) => decide(emptyLedger, some, { now: 1, deadWorkers: new Set() }),
      new TypeError('not iterable'),
    )
    expect(found).toMatchObject({ commandId: 'c4', error: { code: 'invalid_input' } })
  })
})
