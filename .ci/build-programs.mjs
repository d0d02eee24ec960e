/**
 * Compiles the command, the library and programs of tests into a folder that looks like the installed package: started from there, a
 * process takes half the processor time that it takes from the sources. Neither declarations nor the page: that is .ci/build.mjs.
 *
 *   node .ci/build-programs.mjs <folder> <program.ts, from the top of the repository>…
 */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundleCommand } from './bundle-command.mjs'
import { bundleLibrary } from './bundle-library.mjs'

const root = path.resolve(import.meta.dirname, '..')
const [folder = '', ...programs] = process.argv.slice(2)
const dist = pathToFileURL(path.join(folder, 'dist'))
const { asked } = await bundleCommand(dist)
const manifest = path.join(root, 'package.json')
const { devDependencies } = JSON.parse(fs.readFileSync(manifest, 'utf8'))
await bundleLibrary(dist, [...asked, ...programs], Object.keys(devDependencies))
fs.copyFileSync(manifest, path.join(folder, 'package.json'))
fs.symlinkSync(path.join(root, 'migrations'), path.join(folder, 'migrations'), 'junction')
