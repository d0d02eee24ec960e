/**
 * What helpers put in order again after a test or a file. The files of a project share processes, and with them modules: a hook of
 * vitest's that a helper registers when it is imported would be a hook of the first file alone. `setup.ts` does this for every file.
 */
type Work = () => unknown

const ofTests: Work[] = []
const ofFiles: Work[] = []

/** To be done after each test, in every file. */
export const afterEachTest = (work: Work): void => void ofTests.push(work)

/** To be done after each file, when its own hooks are done. */
export const afterEachFile = (work: Work): void => void ofFiles.push(work)

export const endTest = (): Promise<void> => doAll(ofTests)
export const endFile = (): Promise<void> => doAll(ofFiles)

/** The last one that was registered first, as vitest does it, and all of them even if one fails. */
async function doAll(works: readonly Work[]): Promise<void> {
  const failed: unknown[] = []
  for (const work of works.toReversed()) {
    try {
      await work()
    } catch (error) {
      failed.push(error)
    }
  }
  if (failed.length > 0) throw new AggregateError(failed, String(failed[0]))
}
