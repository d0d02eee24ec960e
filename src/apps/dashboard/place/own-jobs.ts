import type { Allowed } from '../guard/grant.ts'
import { Refused } from '../guard/refused.ts'

/**
 * A user with a grant for single jobs may ask where those stand, and nothing else: not the page, and no address that a later
 * release adds.
 * @throws Refused the same refusal for another user's job as for one that does not exist
 */
export function checkPlace(path: string, isReading: boolean, { jobs }: Allowed): void {
  if (jobs === null) return
  const [, jobId = ''] = /^api\/queues\/[^/]+\/jobs\/([^/]+)\/place$/.exec(path) ?? []
  if (isReading && jobs.has(decoded(jobId))) return
  throw new Refused(403, 'not_allowed', 'you may ask where your own jobs stand, and nothing else')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
