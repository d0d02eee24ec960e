export { type Bar, bars } from './bars.ts'
export { groups } from './groups.ts'
export { lines } from './lines.ts'
export { type Panel, page } from './page.ts'
