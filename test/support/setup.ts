/** vitest's setupFiles: runs before each test file, also where files share a process. */
import { afterAll, afterEach, aroundEach } from 'vitest'
import { endFile, endTest } from './hooks.ts'
import { running } from './this-test.ts'

aroundEach((runTest, context) => running.run(context, runTest))
afterEach(endTest)
afterAll(endFile)
