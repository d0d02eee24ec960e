/** What the dashboard answers over HTTP, and what changes the queue: from the operations that its OpenAPI page is made of. */
import {
  actions,
  answers,
  type OperationWords,
  posts,
  texts,
} from '../../../src/apps/dashboard/api/operations.ts'

/** `…` is the address of a queue. */
const request = (method: string, address: string): string =>
  `\`${method} ${address
    .replace('/api/queues/{queue}/', '…/')
    .replace(/\{(\w+)\}/g, ':$1')
    .replace(/^\//, '')}\``

/** What takes several paragraphs to say is on the OpenAPI page alone. */
const words = ({ summary, says = '' }: OperationWords): string =>
  says === '' || says.includes('\n') ? summary : `${summary}. ${says.replace(/\.$/, '')}`

const rows = (method: string, operations: Readonly<Record<string, OperationWords>>) =>
  Object.entries(operations).map(([address, said]) => [request(method, address), words(said)] as const)

export const apiTables = {
  api: () => [['request', 'what you get'], ...rows('GET', { ...answers, ...texts }), ...rows('POST', posts)],
  actions: () => [
    ['action', 'what it does'],
    ...Object.entries(actions).map(([name, said]) => [`\`${name}\``, words(said)]),
  ],
}
