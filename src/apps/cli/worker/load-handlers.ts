import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CoordinatorOptions } from '../../../engine/coordinator/index.ts'
import { InterlockError, invalidInput } from '../../../engine/core/index.ts'
import { checkContract, checkHandlerModule, type KnownKinds } from '../../../engine/events/index.ts'
import type { JobWorkerOptions } from '../../../engine/worker/index.ts'

/**
 * What a handler file may set: the options of its worker, and how long its process may be silent and waits for the database, and what is told
 * of it.
 */
export type HandlerModule = Pick<JobWorkerOptions, 'handlers'> &
  Partial<Omit<JobWorkerOptions, 'coordinator' | 'handlers'>> &
  Pick<CoordinatorOptions, 'leaseMs' | 'graceMs' | 'patienceMs' | 'telemetry' | 'logger' | 'contract'>

/**
 * The handlers of a file: its default export is an object of handlers by kind, or the options of a worker with `handlers`
 * among them.
 * @throws InterlockError `invalid_input`, naming the file and what to do
 */
export async function loadHandlers(file: string): Promise<HandlerModule> {
  const exported = (await importFile(file)).default
  if (typeof exported !== 'object' || exported === null) {
    throw invalidInput(
      `${file}: has no default export with handlers; write: export default { normal: async (job, context) => { … } }`,
      file,
    )
  }
  if (!('handlers' in exported) || typeof exported.handlers !== 'object') {
    return { handlers: exported as HandlerModule['handlers'] }
  }
  checkHandlerModule(exported, file)
  return exported as HandlerModule
}

/**
 * The contract of a file: its default export, or the `contract` of that.
 * @throws InterlockError `invalid_input`, naming the file and what to do
 */
export async function loadContract(file: string): Promise<KnownKinds> {
  const exported = (await importFile(file)).default
  const contract: unknown =
    typeof exported === 'object' && exported !== null && 'contract' in exported ? exported.contract : exported
  if (contract !== undefined) return checkContract(contract, file)
  throw invalidInput(
    `${file}: has no default export with a contract; write: export default defineQueue({ … })`,
    file,
  )
}

async function importFile(file: string): Promise<{ default?: unknown }> {
  try {
    return await import(pathToFileURL(path.resolve(file)).href)
  } catch (error) {
    throw new InterlockError(
      'invalid_input',
      `${file}: ${reasonOf(error, path.resolve(file))}`,
      { path: file },
      error,
    )
  }
}

function reasonOf(error: unknown, file: string): string {
  if (error instanceof SyntaxError && ofCommonJS.test(error.message)) return asModule(error, file)
  const code = (error as { code?: string }).code
  if (code === 'ERR_MODULE_NOT_FOUND')
    return 'cannot be loaded: there is no such file, or something that it imports is missing; give the path of the file from here, such as ./handlers.js'
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return 'this Node reads no TypeScript; use Node 22.18 or newer, or name a compiled .js file'
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `cannot be loaded: ${(error as Error).message}: Node only strips types; leave out enums, namespaces and parameter properties, or compile the file`
  }
  return `cannot be loaded: ${error instanceof Error ? error.message : error}; correct the file: node <file> shows where`
}

/** What Node says of a module that it reads as CommonJS. Running the file by itself says no more. */
const ofCommonJS = /^(Cannot use import statement|Cannot use 'import\.meta'|Unexpected token 'export')/

/** The file that could not be read may be one that the handlers import; the stack begins with its path. */
function asModule({ stack = '' }: SyntaxError, file: string): string {
  const failed = /^(?:file:\/\/)?(\/[^\n]*?|[A-Z]:\\[^\n]*?):\d+\n/u.exec(stack)?.[1] ?? file
  const renamed = failed.replace(/\.(?=[jt]s$)/u, '.m')
  const which = failed === file ? 'it' : failed
  return `cannot be loaded: ${which} is a module, and its folder is of CommonJS; rename it to ${renamed}, or set "type": "module" in ${manifestOf(failed)}`
}

/** The nearest `package.json`; if there is none, where one would count. */
function manifestOf(file: string): string {
  const first = path.join(path.dirname(file), 'package.json')
  for (let at = first; ; ) {
    if (existsSync(at)) return at
    const above = path.join(path.dirname(path.dirname(at)), 'package.json')
    if (above === at) return first
    at = above
  }
}
