#!/usr/bin/env node
// A stack should name the source files. This has to be set before the rest is loaded.
if (process.env['DEBUG']) process.setSourceMapsEnabled(true)

// Imports nothing else: what an older Node cannot load must not fail before this has said why.
const needed = [22, 12] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > needed[0] || (major === needed[0] && minor >= needed[1])) await import('./start.ts')
else {
  process.stderr.write(
    `error: interlock needs Node.js ${needed.join('.')} or newer, this is ${process.version}\n`,
  )
  process.stderr.write(
    '  to do: install a newer one from your package manager or with a version manager, and try again\n',
  )
  process.exitCode = 1
}
