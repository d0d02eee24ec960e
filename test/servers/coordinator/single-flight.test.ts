import { describe, expect, it } from 'vitest'
import { SingleFlight } from '../../../src/engine/coordinator/base/concurrency.ts'

/** Work that ends when the test says so. */
function steps() {
  const begun: PromiseWithResolvers<void>[] = []
  const failures: unknown[] = []
  const flight = new SingleFlight(
    () => {
      const step = Promise.withResolvers<void>()
      begun.push(step)
      return step.promise
    },
    (error) => failures.push(error),
  )
  /** Whatever follows from what was just done. */
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { begun, failures, flight, turn }
}

describe('SingleFlight: work that never runs twice at once', () => {
  it('begins at once, and runs once more however often it is requested meanwhile', async () => {
    const { begun, flight, turn } = steps()
    const done = flight.request()
    expect(begun).toHaveLength(1)
    for (let n = 0; n < 3; n++) void flight.request()
    expect(begun).toHaveLength(1)
    begun[0]?.resolve()
    await turn()
    expect(begun).toHaveLength(2)
    begun[1]?.resolve()
    await done
    expect(flight.isRunning).toBe(false)
    expect(begun).toHaveLength(2)
  })

  it('may ask for itself while it begins', async () => {
    let runs = 0
    const flight: SingleFlight = new SingleFlight(
      async () => {
        if (++runs < 3) void flight.request()
      },
      () => {},
    )
    await flight.request()
    expect(runs).toBe(3)
  })

  it('is joined without being done again', async () => {
    const { begun, flight, turn } = steps()
    const first = flight.join()
    expect(flight.join()).toBe(first)
    begun[0]?.resolve()
    await first
    await turn()
    expect(begun).toHaveLength(1)
  })

  it('reports a failure, drops requests that came meanwhile, and runs at the next request', async () => {
    const { begun, failures, flight } = steps()
    const done = flight.request()
    void flight.request()
    begun[0]?.reject('no')
    await done
    expect(failures).toEqual(['no'])
    expect(begun).toHaveLength(1)
    void flight.request()
    expect(begun).toHaveLength(2)
  })

  it('ends with the present run once it is closed', async () => {
    const { begun, flight, turn } = steps()
    void flight.request()
    void flight.request()
    const closed = flight.close()
    begun[0]?.resolve()
    await closed
    void flight.request()
    await turn()
    expect(begun).toHaveLength(1)
  })
})
