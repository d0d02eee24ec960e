import { InterlockError } from '../core/index.ts'

/** Loads what needs the package `name`, which people install only if they use it. @throws InterlockError `store_unavailable` */
export async function loadDriver<T>(name: string, load: () => Promise<T>): Promise<T> {
  return load().catch(missing(name))
}

/** What becomes of an import that fails: the driver is not there, or it is broken. */
export function missing(name: string): (error: unknown) => never {
  return (error) => {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const message = `the driver ${name} is not installed; run: npm install ${name}`
    throw new InterlockError('store_unavailable', message, {}, error)
  }
}
