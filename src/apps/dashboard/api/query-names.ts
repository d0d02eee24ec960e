import * as z from 'zod'
import { optionsSchema, parseInput } from '../../../engine/events/index.ts'
import { PAYLOAD } from './many-jobs.ts'
import { answers, type OperationWords, type Queried, texts } from './operations.ts'

type InAddress = OperationWords & { readonly query?: Queried }
const operations: Readonly<Record<string, InAddress>> = { ...answers, ...texts }

/**
 * Refuses a name that nobody reads at this address: the answer would look as if it had been heeded.
 * @param rest the address below that of the queue
 * @throws InterlockError `invalid_input`
 */
export function checkQueryNames(rest: readonly string[], query: URLSearchParams): void {
  const below = rest.map((part, i) => (i === 1 ? '{job}' : part))
  const operation = operations[['/api/queues/{queue}', ...below].join('/')]
  if (operation === undefined) return
  const known = Object.keys(operation.query ?? {}).map((name) => [name, z.unknown().optional()])
  const names = [...query.keys()].filter((name) => rest[0] !== 'jobs' || !name.startsWith(PAYLOAD))
  parseInput(
    optionsSchema(Object.fromEntries(known)),
    Object.fromEntries(names.map((name) => [name, true])),
    'query',
  )
}
