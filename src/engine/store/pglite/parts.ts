/** What the command line uses of this room, beside what is published. */
export { attachAsOwner } from './attach.ts'
