const handlerNames: ReadonlySet<PropertyKey> = new Set(['then', 'catch', 'finally'])

/**
 * What a handler calls of its context. One that nobody awaits, and that is refused, ends no process: Node ends one for a rejection that
 * nobody handles.
 * @param fail takes an error that nobody awaited
 */
export function saidBy<T>(work: Promise<T>, fail: (error: unknown) => void): Promise<T> {
  let isTaken = false
  work.catch((error: unknown) => {
    if (!isTaken) fail(error)
  })
  return new Proxy(work, {
    get: (promise, name) => {
      isTaken ||= handlerNames.has(name)
      const value: unknown = Reflect.get(promise, name)
      return typeof value === 'function' ? value.bind(promise) : value
    },
  })
}
