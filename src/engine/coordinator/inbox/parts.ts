import type { Json } from '../../core/index.ts'
import { lengthOf, type ParsedJob } from '../../events/index.ts'
import { travelsAlong } from '../commit/data-staging.ts'

/**
 * The most jobs of a large call that one append puts in line: some 10 ms under the queue's lock, and as long to decide. All other processes
 * wait that long.
 */
export const MOST_JOBS = 250

interface JobsPart<Row> {
  readonly rows: Row[]
  weight: number
  /** How many of them carry data. */
  carriers: number
}

/**
 * Jobs in the parts in which they come into line: by count, and by what their append carries, so that no payload but one that is large by
 * itself is sent ahead of it. The same list is always cut alike.
 */
export function inParts<Row extends { readonly job: ParsedJob }>(
  rows: readonly Row[],
): readonly (readonly Row[])[] {
  const parts: JobsPart<Row>[] = []
  for (const row of rows) {
    const weight = weightOf(row.job)
    const carries = weight > 0 ? 1 : 0
    const last = parts.at(-1)
    if (last === undefined || !hasRoom(last, weight, carries))
      parts.push({ rows: [row], weight, carriers: carries })
    else {
      last.rows.push(row)
      last.weight += weight
      last.carriers += carries
    }
  }
  return parts.map(({ rows: some }) => some)
}

const hasRoom = ({ rows, weight, carriers }: JobsPart<unknown>, more: number, carries: number): boolean =>
  rows.length < MOST_JOBS && travelsAlong(weight + more, carriers + carries)

/** Characters of its payload, and of the ids of those that it comes after. */
function weightOf({ spec: { jobId }, payload, trace, after = [] }: ParsedJob): number {
  const data =
    payload === undefined && trace === undefined ? 0 : lengthOf({ jobId, payload, trace } as unknown as Json)
  return after.reduce((sum, { job }) => sum + job.length + 3, data)
}
