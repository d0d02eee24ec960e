/** Vitest's own for tests of one file that run at the same time: there `onTestFinished` and `expect.poll` do not know which test calls. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, onTestFinished, type TestContext } from 'vitest'
import { afterEachTest } from './hooks.ts'

/** `setup.ts` enters it for each test. */
export const running = new AsyncLocalStorage<TestContext>()

/** Runs when the test that called has ended, also if it failed: last in, first out. */
export const atEnd: typeof onTestFinished = (work, timeout) =>
  (running.getStore()?.onTestFinished ?? onTestFinished)(work, timeout)

/** `expect.poll` of the test that calls. */
export const eventually: typeof expect.poll = (read, options) =>
  (running.getStore()?.expect ?? expect).poll(read, options)

/** Keeps what tests open, and closes it after each of them, before what the test said of `atEnd`. @returns what is to be told of it */
export function closedAfterTest<Opened>(close: (opened: Opened) => unknown): (opened: Opened) => void {
  const open = new Map<TestContext | undefined, Opened[]>()
  afterEachTest(async () => {
    // What was opened where nobody knows for which test goes with the first one that ends.
    for (const test of [running.getStore(), undefined]) {
      const opened = open.get(test) ?? []
      open.delete(test)
      for (const one of opened) await close(one)
    }
  })
  return (one) => {
    const test = running.getStore()
    open.set(test, [...(open.get(test) ?? []), one])
  }
}
