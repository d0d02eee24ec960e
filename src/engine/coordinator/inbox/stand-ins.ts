import { type HeldJob, jobOf, type StandIn } from '../../core/index.ts'
import type { ParsedJob } from '../../events/index.ts'
import type { SubmissionRole } from '../../store/index.ts'
import type { Member } from '../membership/member.ts'

/**
 * Which jobs stand for those that these held ones come after, and of which nobody knows. Parents and children may come into line in several
 * appends: a process that has put in only the later ones, since another one died, has not heard of it.
 * @param jobs by id, the held ones among them
 * @throws what the store throws
 */
export async function standInsOf(
  store: Pick<SubmissionRole, 'ofJob'>,
  { queue, ledger }: Pick<Member['log'], 'queue' | 'ledger'>,
  held: readonly HeldJob[],
  jobs: ReadonlyMap<string, ParsedJob>,
): Promise<readonly StandIn[]> {
  const lost = held.flatMap(({ jobId, code }) =>
    code === 'parent_unknown' ? (jobs.get(jobId)?.after ?? []) : [],
  )
  const found: StandIn[] = []
  for (const jobId of new Set(lost.map(({ job }) => job))) {
    if (jobOf(ledger, jobId) !== undefined) continue
    const last = (await store.ofJob(queue, jobId)).events.at(-1)
    if (last?.type === 'deduplicated') found.push({ jobId, standsFor: last.standsFor })
  }
  return found
}
