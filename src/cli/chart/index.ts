export { type Bar, bars } from './bars.ts'
export { lines } from './lines.ts'
export { type Panel, page } from './page.ts'
