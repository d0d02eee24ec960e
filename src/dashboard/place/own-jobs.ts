import type { Allowed } from '../guard/grant.ts'
import { Refused } from '../guard/refused.ts'

/**
 * Who was given single jobs asks where those stand, and nothing else: not even the page, and no address that may come.
 * @throws Refused the same for a job that is another's and for one that is not there
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
