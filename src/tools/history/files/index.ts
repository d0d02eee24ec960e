/**
 * Archive files (`interlock-queue/history/files`): take events out of the log into a file, and put them in front of it again.
 * Needs Node's file system, which `interlock-queue/history` does not.
 * @module
 */
export { openArchive } from './archive-file.ts'
export { type ArchiveToOptions, archiveTo } from './archive-writer.ts'
export { LocalFailure } from './new-file.ts'
