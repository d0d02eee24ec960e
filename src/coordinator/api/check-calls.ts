import { calls, parseInput } from '../../codec/index.ts'
import type { Coordinator } from './coordinator.ts'

type Method = (this: Coordinator, ...given: unknown[]) => unknown

/** Calls that answer at once: a wrong argument is thrown, instead of a promise that rejects. */
const atOnce: ReadonlySet<string> = new Set([
  'getWorkflowModels',
  'attempt',
  'pullEvents',
  'machine',
  'offering',
])

/**
 * Has every call of a coordinator check what it is given, before it does anything: what comes from JavaScript may be anything.
 * What is right is handed on as it came.
 */
export function checkCalls(coordinator: Coordinator): void {
  for (const [name, schemas] of Object.entries(calls)) {
    const method = coordinator[name as keyof typeof calls] as Method
    const checks = Object.entries(schemas)
    const checked: Method = function (...given) {
      try {
        for (const [at, [argument, schema]] of checks.entries()) parseInput(schema, given[at], argument)
      } catch (error) {
        if (atOnce.has(name)) throw error
        return Promise.reject(error)
      }
      return method.apply(this, given)
    }
    Object.defineProperty(coordinator, name, { value: checked, writable: true, configurable: true })
  }
}
