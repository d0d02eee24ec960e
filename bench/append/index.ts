import type { Bench } from '../frame/bench.ts'
import { appendRows } from './appends.ts'
import { contentionRows } from './contention.ts'
import { embeddedRows } from './embedded.ts'
import { handOffRows } from './hand-off.ts'
import { lifeRows } from './life.ts'
import { withSubject } from './subject.ts'

export const appendBench: Bench = {
  name: 'append',
  about:
    'jobs through the API on PostgreSQL, no rows in `jobs`; beside it what a bare append takes in the same run',
  run: async (context) => [
    ...(await withSubject(context.servers, async (subject) => [
      ...(await appendRows(context, subject)),
      ...(await lifeRows(context, subject.store)),
      ...(await handOffRows(context, subject)),
      ...(await contentionRows(context, subject)),
    ])),
    ...(await embeddedRows(context)),
  ],
}
