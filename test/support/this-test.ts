/** Vitest's own for tests of one file that run at the same time: there `onTestFinished` and `expect.poll` do not know which test calls. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { aroundEach, expect, onTestFinished, type TestContext } from 'vitest'

const running = new AsyncLocalStorage<TestContext>()

/** Registered when a test file imports this, directly or by a helper. */
aroundEach((runTest, context) => running.run(context, runTest))

/** Runs when the test that called has ended, also if it failed: last in, first out. */
export const atEnd: typeof onTestFinished = (work, timeout) =>
  (running.getStore()?.onTestFinished ?? onTestFinished)(work, timeout)

/** `expect.poll` of the test that calls. */
export const eventually: typeof expect.poll = (read, options) =>
  (running.getStore()?.expect ?? expect).poll(read, options)
