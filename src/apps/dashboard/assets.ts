import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { manual } from '../../engine/core/index.ts'
import { packageRoot } from '../../engine/migrate/index.ts'
import { Refused } from './guard/refused.ts'

/** The page without its script. It contains no data. Its addresses are relative, so it works at any mount. */
const shell = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Interlock</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
`

/** All files, by name: no part of an address ever becomes a path. */
const files: Readonly<Record<string, { readonly file: string | null; readonly type: string }>> = {
  '': { file: null, type: 'text/html; charset=utf-8' },
  'page.js': { file: 'page.js', type: 'text/javascript; charset=utf-8' },
  'page.css': { file: 'page.css', type: 'text/css; charset=utf-8' },
}

export const isAsset = (name: string): boolean => Object.hasOwn(files, name)

/** The output of `npm run build` for src/apps/dashboard/page. */
const folder = () => join(packageRoot(), 'dist', 'dashboard')

const read = new Map<string, Promise<string>>()

const missing = `the page of the dashboard is missing; npm run build makes it (${manual.bundlers})`

/** What is wrong with the page before a browser asks for it; null: it is there. */
export function missingPage(): string | null {
  const names = Object.values(files).flatMap(({ file }) => file ?? [])
  return names.every((name) => existsSync(join(folder(), name))) ? null : missing
}

/** @throws Refused if the page was not built */
export async function assetOf(name: string, from: string | undefined): Promise<Response> {
  const { file, type } = files[name] ?? { file: null, type: '' }
  if (file === null) return new Response(shell, { headers: { 'content-type': type } })
  const path = join(from ?? folder(), file)
  const known = read.get(path) ?? readFile(path, 'utf8')
  read.set(path, known)
  try {
    return new Response(await known, {
      headers: { 'content-type': type, 'cache-control': 'no-cache' },
    })
  } catch {
    read.delete(path)
    throw new Refused(500, 'failed', missing)
  }
}
