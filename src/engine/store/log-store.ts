import { InterlockError } from '../core/index.ts'
import type { EngineStore } from './engine-store.ts'
import type { ToolStore } from './tool-store.ts'

/** Where a queue's log lives: what the engine needs to work, and what tools need. Ask for the half or the calls that you need. */
export interface LogStore extends EngineStore, ToolStore {}

/** Loads a package `name` that people install only if they use it. @throws InterlockError `store_unavailable` */
export async function loadDriver<T>(name: string, load: () => Promise<T>): Promise<T> {
  return load().catch(missing(name))
}

/** Handles an import that failed: the driver is not installed, or it is broken. */
export function missing(name: string): (error: unknown) => never {
  return (error) => {
    if (!isNotFound(name, error)) throw error
    const message = `the driver ${name} is not installed; run: npm install ${name}`
    throw new InterlockError('store_unavailable', message, {}, error)
  }
}

const NOT_FOUND = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

/** True for Node.js's own error, and for what a bundler puts in its place: Vite throws an error without a code. */
function isNotFound(name: string, error: unknown): boolean {
  const { code = '', message } = error as { readonly code?: string; readonly message: string }
  return NOT_FOUND.includes(code) || message.startsWith(`Could not resolve "${name}"`)
}
