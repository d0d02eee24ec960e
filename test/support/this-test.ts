/** Vitest's own for tests of one file that run at the same time: there `onTestFinished` and `expect.poll` do not know which test calls. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, onTestFinished, type TestContext } from 'vitest'

/** `setup.ts` enters it for each test. */
export const running = new AsyncLocalStorage<TestContext>()

/** Runs when the test that called has ended, also if it failed: last in, first out. */
export const atEnd: typeof onTestFinished = (work, timeout) =>
  (running.getStore()?.onTestFinished ?? onTestFinished)(work, timeout)

/** `expect.poll` of the test that calls. */
export const eventually: typeof expect.poll = (read, options) =>
  (running.getStore()?.expect ?? expect).poll(read, options)
