import { describe, expect, it } from 'vitest'
import { eventTypes, isDeath, outcomeOf, type RecordedEvent } from '../../../src/engine/core/index.ts'
import { readMigrationFile } from '../../../src/engine/migrate/package-files.ts'
import { sqlFunctions } from '../../../src/engine/migrate/sql-functions.ts'
import { freshDatabase } from './support.ts'

/** Without aliases, and on one line. */
const squeezed = (sql: string) =>
  sql
    .replaceAll(/--.*$/gm, '')
    .replaceAll(/\b[a-z]\.(?=\w)/g, '')
    .replaceAll(/\s+/g, ' ')

const functions = sqlFunctions().map(({ name, statement }) => ({ name, text: squeezed(statement) }))

const [, dead = ''] =
  /where (event_type = 'expired' or .+?);/.exec(squeezed(readMigrationFile('parts', '32_dead.sql'))) ?? []
const [, final = ''] = /or (\(.+\))$/.exec(dead) ?? []

interface Kind {
  readonly type: string
  readonly final?: boolean
}

const events = eventTypes.flatMap((type): readonly Kind[] =>
  type === 'failed' || type === 'lease_expired'
    ? [
        { type, final: false },
        { type, final: true },
      ]
    : [{ type }],
)

const recorded = (kind: Kind) => kind as unknown as RecordedEvent

describe('which event makes a job a dead letter', () => {
  it('is for SQL what it is for the core', async () => {
    const db = await freshDatabase()
    for (const event of events) {
      const rows = await db.query(
        `select ${dead} as dead from (select $1::text as event_type, $2::jsonb as data) e`,
        [event.type, event.final === true ? { final: true } : {}],
      )
      expect(rows, event.type).toEqual([{ dead: isDeath(recorded(event)) }])
    }
  })

  it('is written the same in every function that asks it', () => {
    const asking = functions
      // It asks of what a void event is said to be, which has no type of its own.
      .filter(({ name }) => name !== 'job_queue_void_seqs')
      .filter(({ text }) => text.includes("'final'") && text.includes('event_type'))
    expect(asking.map(({ name }) => name).toSorted()).toEqual([
      'job_queue_archive',
      'job_queue_dead',
      'job_queue_drop',
      'job_queue_end_of_life',
      'job_queue_endings',
      'job_queue_not_live',
      'job_queue_outer_rows',
    ])
    for (const { name, text } of asking) {
      const asksMore = ['end_of_life', 'endings', 'not_live', 'outer_rows'].some(
        (one) => name === `job_queue_${one}`,
      )
      expect(text, name).toContain(asksMore ? final : dead)
      expect(text.replaceAll(final, ''), name).not.toContain("'final'")
    }
  })

  it('and which other events end the life of a job, too', () => {
    const rows = functions.find(({ name }) => name === 'job_queue_outer_rows')
    const [, ends = ''] = /event_type in \(([^)]+)\) or \(event_type in/.exec(rows?.text ?? '') ?? []
    const always = events.filter((event) => event.final === undefined && outcomeOf(recorded(event)) !== null)
    expect(ends.match(/\w+/g)?.toSorted()).toEqual(always.map(({ type }) => type).toSorted())
  })
})
