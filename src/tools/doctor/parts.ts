/** What the command line uses of this room, beside what is published. */
export { examination, keptOut } from './examine.ts'
