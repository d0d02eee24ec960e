import { loadavg } from 'node:os'
import { type InterlockError, isInterlockError } from '../../src/engine/core/index.ts'

/** A call that failed: what it said, and at which load. */
export interface FailedCall {
  readonly call: string
  readonly code: string
  /** Its text, without the numbers and ids that differ each time. */
  readonly text: string
  readonly tookMs: number
  readonly load: number
}

/** Notes each call that fails, and how long it took. The error still goes to the caller. */
export function noting<Target extends object>(target: Target, note: (failed: FailedCall) => void): Target {
  const calls = new Map<PropertyKey, unknown>()
  const noted = (key: PropertyKey, method: (...given: unknown[]) => unknown) => {
    return (...given: unknown[]): unknown => {
      const began = performance.now()
      const answer = method.apply(target, given)
      if (answer instanceof Promise)
        answer.catch((error: unknown) => note(failedCall(String(key), error, performance.now() - began)))
      return answer
    }
  }
  return new Proxy(target, {
    get: (_, key) => {
      const own: unknown = Reflect.get(target, key, target)
      if (typeof own !== 'function') return own
      if (!calls.has(key)) calls.set(key, noted(key, own as (...given: unknown[]) => unknown))
      return calls.get(key)
    },
  })
}

export function failedCall(call: string, error: unknown, tookMs: number): FailedCall {
  const { code, message } = isInterlockError(error) ? error : { code: 'none', message: String(error) }
  const text = message.replaceAll(/[\w@.-]*\d[\w@.-]*/g, '#')
  return { call, code, text, tookMs, load: loadavg()[0] ?? 0 }
}

/** What slowness must not come to, for a caller whose time was not over. */
const wrong: ReadonlySet<InterlockError['code']> = new Set([
  'contention',
  'clock_unsteady',
  'corrupt_log',
  'log_went_back',
  'unknown_event',
  'archived',
])

export const isWrong = ({ code, tookMs }: FailedCall, patienceMs: number): boolean =>
  wrong.has(code as InterlockError['code']) && tookMs < patienceMs
