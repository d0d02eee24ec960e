import { checkCall } from '../../../engine/events/index.ts'
import { type Opened, opened } from '../access.ts'
import { type ArchiveTarget, archiveThrough } from '../archive.ts'
import type { Access, ArchiveDocument, Point } from '../index.ts'
import { cutAt } from '../point.ts'
import { writeArchive } from './archive-writer.ts'
import { NewFile } from './new-file.ts'

export interface ArchiveToOptions {
  /** The number of the last event to take out, or a time: every event before it is taken out. */
  readonly before: Point
  /** The file: JSON lines, compressed. No file of that name may exist. */
  readonly to: string
}

/**
 * Takes old events out of the log, as `archive` does, into a file. The file is whole and on the disk before anything is taken
 * out. If nothing was taken out, no file is left.
 * @param path what error messages call the file; `to` unless given
 * @throws InterlockError `invalid_input` for the file; `contention`; `corrupt_log`. LocalFailure when the disk is full
 * @example await archiveTo({ store }, { before: new Date(Date.now() - 30 * 86_400_000), to: 'old.jsonl.gz' })
 */
export async function archiveTo(
  given: Access,
  options: ArchiveToOptions,
  path?: string,
): Promise<ArchiveDocument> {
  const access = opened(given)
  checkCall('archiveTo', options, path)
  const { before, to } = options
  return archiveThrough(access, await cutAt(access, 'before', before), false, () => fileAt(path ?? 'to', to))
}

async function fileAt(path: string, name: string): Promise<ArchiveTarget> {
  const file = await NewFile.create(path, name)
  return {
    name,
    write: async (access: Opened, through: number) => {
      await writeArchive(access, file, through)
      await file.finish()
    },
    discard: () => file.discard(),
  }
}
