/** What the command line uses of this room beside what is published. */
export { NewFile, removeUnfinished } from './new-file.ts'
