/** vitest's setupFiles: runs before each test file, also where files share a process. */
import fc from 'fast-check'
import { afterAll, afterEach, aroundEach } from 'vitest'
import { endFile, endTest } from './hooks.ts'
import { seed } from './runs.ts'
import { running } from './this-test.ts'

fc.configureGlobal({ seed })

aroundEach((runTest, context) => running.run(context, runTest))
afterEach(endTest)
afterAll(endFile)
