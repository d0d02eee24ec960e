/** What the command line uses of this room, beside what is published. */
export { wayTo } from './connections.ts'
