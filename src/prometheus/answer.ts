import { PACKAGE_VERSION } from '../coordinator/parts.ts'
import type { Family } from './exposition/family.ts'
import { formatFor } from './exposition/negotiate.ts'
import { contentTypes, type Format, written } from './exposition/write.ts'
import { processFamilies, type ReadProcess } from './families/process.ts'
import { queueFamilies, type ReadQueue } from './families/queue.ts'

/** Everything that is known at one moment. */
export interface Known {
  readonly queues: readonly ReadQueue[]
  readonly processes: readonly ReadProcess[]
}

const build: Family = {
  name: 'interlock_build',
  type: 'info',
  help: 'The release of interlock-queue in this process.',
  samples: [{ labels: { version: PACKAGE_VERSION }, value: 1 }],
}

export const textOf = ({ queues, processes }: Known, format: Format): string =>
  written([...queueFamilies(queues), ...processFamilies(processes), build], format)

/** The answer to a scrape, in the format that it asks for. */
export function answerTo(request: Request, known: Known): Response {
  const format = formatFor(request.headers.get('accept'))
  const body = request.method === 'HEAD' ? null : textOf(known, format)
  return new Response(body, {
    headers: { 'content-type': contentTypes[format], 'cache-control': 'no-store', vary: 'accept' },
  })
}
