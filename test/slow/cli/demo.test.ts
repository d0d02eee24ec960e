// Slow: runs the three scenarios of the demo.
import { describe, expect, it } from 'vitest'
import { runCli } from '../../../src/apps/cli/program.ts'

describe('interlock demo', () => {
  it('shows its three scenarios, each of which holds, and ends at Ctrl-C', { timeout: 60_000 }, async () => {
    const stop = new AbortController()
    let said = ''
    const code = await runCli(['demo'], {
      stdout: {
        write: (text) => {
          said += text
          // What comes now, 200 jobs under three policies, are three times `interlock run`.
          if (said.includes('one after the other')) stop.abort()
        },
      },
      stderr: { write: () => {} },
      env: {},
      signal: stop.signal,
    })
    expect(code).toBe(130)
    expect(said.match(/✓/g)?.length).toBeGreaterThanOrEqual(5)
    expect(said).not.toContain('✗')
  })
})
