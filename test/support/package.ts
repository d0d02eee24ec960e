/** The package as npm would publish it, installed for a test: the archive is made once for a run. */
import { type InstalledPackage, installArchive } from './install-archive.ts'
import { madeOnce } from './once.ts'

export type { InstalledPackage } from './install-archive.ts'

/** Installed with what it depends on and with `others`; no other package can be found from there. */
export const installPackage = async (
  others: readonly string[] = [],
  options: { readonly optional?: boolean } = {},
): Promise<InstalledPackage> => installArchive(await madeOnce('package'), others, options)
