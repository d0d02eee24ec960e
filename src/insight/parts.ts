/** What the command line uses of this room, beside what is published. */
export { record, type Trial, tryRules } from './what-if/what-if.ts'
