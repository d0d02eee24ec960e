/**
 * Charts for `stats` and `what-if` in one SVG file that needs nothing else: `page(title, subtitle, panels)` of `bars`, `groups` and `lines`.
 * @module
 */
export { type Bar, bars } from './bars.ts'
export { groups } from './groups.ts'
export { lines } from './lines.ts'
export { type Panel, page } from './page.ts'
